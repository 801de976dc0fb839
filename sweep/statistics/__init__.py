"""What balanced means, measured: counts and rates, the three criteria, the balance curve, the corrected score."""
