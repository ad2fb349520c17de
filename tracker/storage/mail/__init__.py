"""Mails, as rows until they are sent and after."""
