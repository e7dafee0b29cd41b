"""How people are reached: mails composed, frozen, sent and remembered, and the links in them."""
