DATETIME_FORMAT = "Y年n月j日 H:i"
SHORT_DATETIME_FORMAT = "n月j日 H:i"  # where the year is plain from the page
TIME_FORMAT = "H:i"
