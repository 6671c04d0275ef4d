"""Sage 500 ERP: staging tables and API procedures over SQL Server's wire protocol."""
