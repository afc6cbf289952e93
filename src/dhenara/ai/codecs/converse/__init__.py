"""Codec for Bedrock Converse: one protocol for the models of many vendors."""
