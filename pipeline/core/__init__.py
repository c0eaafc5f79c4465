"""What every part uses: errors, types, paths, safe files, plug-ins, fingerprints. Imports no other folder."""
