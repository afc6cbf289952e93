"""Those who fetch proofs of identity: given tokens, Google, Entra, AWS."""
