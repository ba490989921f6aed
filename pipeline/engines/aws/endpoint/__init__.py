"""A SageMaker endpoint that costs by the hour: its state, price, quota, scaling and deletion."""
