"""Definitions and answers in the formats of others: FHIR, XLSForm, spreadsheets."""
