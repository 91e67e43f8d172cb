"""The style editor: a recipe as a form, and back."""
