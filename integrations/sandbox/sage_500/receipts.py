"""``spARapiCashReceiptIns`` [name inferred, staging table ours]: a customer's payment in a batch of type 503."""

from collections.abc import Sequence

from integrations.sandbox.sage_500.batches import CASH_RECEIPTS, open_batch, post_batch
from integrations.sandbox.sage_500.keys import next_key, next_number
from integrations.sandbox.sage_500.sales_orders import find_customer
from integrations.sandbox.sage_500.staging import Behaviour, Job, Problem
from integrations.sandbox.tds.records import Records, Row


def job(behaviour: Behaviour) -> Job:
    def process(
        records: Records, company: str, header: Row, lines: Sequence[Row], user: str
    ) -> list[Problem]:
        return _process(records, company, header, behaviour)

    return Job("spARapiCashReceiptIns", "CashReceipt", "AR", "StgCashReceipt", "", process)


def _process(records: Records, company: str, header: Row, behaviour: Behaviour) -> list[Problem]:
    problems: list[Problem] = []
    customer = find_customer(records, company, header["CustID"], problems)
    if header["TranAmt"] is None or header["TranAmt"] <= 0:
        problems.append(Problem("TranAmt", header["TranAmt"], "240074"))
    account = None
    if header["GLAcctNo"]:
        account = records.first("tglAccount", CompanyID=company, GLAcctNo=header["GLAcctNo"])
        if account is None:
            problems.append(
                Problem("GLAcctNo", header["GLAcctNo"], f"GL Account {header['GLAcctNo']} is not valid.")
            )
    reference = header["UserFld1"]
    for table in ("tarCustPmt", "tarPendCustPmt"):
        if reference and records.first(table, CompanyID=company, UserFld1=reference):
            problems.append(Problem("UserFld1", reference, "110067", is_duplicate=True))
        if header["TranNo"] and records.first(table, CompanyID=company, TranNo=header["TranNo"]):
            problems.append(Problem("TranNo", header["TranNo"], "110067", is_duplicate=True))
    if problems or customer is None:
        return problems
    batch = open_batch(records, company, CASH_RECEIPTS, header["TranAmt"], reference or header["TranCmnt"])
    records.insert(
        "tarPendCustPmt",
        {"CustPmtKey": next_key(records, "tarCustPmt"), "BatchKey": batch, "CustKey": customer["CustKey"],
         "TranNo": header["TranNo"] or next_number(records, company, "CR"), "TranAmt": header["TranAmt"],
         "TranDate": header["TranDate"] or records.now, "CompanyID": company, "CurrID": header["CurrID"] or "USD",
         "TranCmnt": header["TranCmnt"], "UserFld1": reference,
         "GLAcctKey": account["GLAcctKey"] if account else None},
    )  # fmt: skip
    if behaviour.is_posting_at_once:
        post_batch(records, batch)
    return []
