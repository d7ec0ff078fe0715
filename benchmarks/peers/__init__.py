"""What Comity is compared with: other programs that answer the same questions over the same databases."""
