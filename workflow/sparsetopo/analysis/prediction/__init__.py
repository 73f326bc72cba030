"""How well features predict the accuracy drop of networks that were never seen: the score that headlines rest on."""
