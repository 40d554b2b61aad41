"""From two predictions to a recommendation, a verdict on it and on the physician, and what that verdict is worth."""
