"""The engines that finish a query over fragment results."""
