"""The acceptance kit: tests the runner on a GPU within twelve minutes. README.md says how."""
