"""Text encoders: BERT by OpenVINO, or any encoder that transformers can load."""
