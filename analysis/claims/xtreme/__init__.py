"""The claims around Phang et al. 2020 and the rows they rest on."""
