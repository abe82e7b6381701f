"""One figure a file, and the registry that puts them under the questions that they answer."""
