"""A simulated Sage 500 ERP: its SQL Server database over TDS, staging tables, API procedures and a warehouse.

Procedures and columns follow the system notes; ``spARapiCustomerIns``, ``spARapiCashReceiptIns``,
``spGLapiJournalIns``, ``spIMapiItemIns`` and ``spSOapiRMAIns`` with their staging tables are names of ours [inferred].
It satisfies independent TDS clients on a declared T-SQL subset; it is not SQL Server and not Sage 500.
"""
