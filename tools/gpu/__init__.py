"""The acceptance kit: proves the runner on a GPU within twelve minutes. README.md says how."""
