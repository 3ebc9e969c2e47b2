"""One room a question: ``run`` takes a request to a result, ``answer`` says it in sentences."""
