"""Who people are: names, identity numbers, class lists, and how a person is found again."""
