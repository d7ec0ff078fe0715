"""Makes the data of the example city: one invented district, its people, firms and land.

Everything is drawn from one seed. Places, numbers and names are invented: the division codes are not
assigned in GB/T 2260, so no generated citizen number or credit code can belong to anyone.
"""
