-- Tables of the simulated company database, as a client finds them. Read by tables.py; plain T-SQL.
-- Columns and widths of orders, customers, stock and staging as published; tables marked (ours) stand for
-- tables whose DDL is not public. INDEX (column) is our shorthand, without a name.

-- ===== system =====
CREATE TABLE tsmCompany (CompanyID varchar(3) NOT NULL PRIMARY KEY, CompanyName varchar(50), CurrID varchar(3));
CREATE TABLE tsmCompanySetup (CompanyID varchar(3) NOT NULL, MigrateSourceSystem smallint NOT NULL DEFAULT 0,
    MigrateLinkKey int, MigrateSourceVersionNo varchar(20));
CREATE TABLE tsmSetupStep (SetupStepKey int NOT NULL PRIMARY KEY, StepDesc varchar(50), ProcName varchar(128));
CREATE TABLE tsmMigrateSession (MigrateSessionKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL,
    SetupStepKey int NOT NULL, UserID varchar(30) NOT NULL, StartTime datetime, LastCompProcessMode smallint,
    LastCompProcessNo smallint, LastCompProcessTime datetime);
CREATE TABLE tsmMigrateStepParamValue (MigrateSessionKey int NOT NULL, ParamName varchar(50) NOT NULL,
    ParamValue varchar(255), UNIQUE (MigrateSessionKey, ParamName));
CREATE TABLE tsmSurrogateKey (TableName varchar(60) NOT NULL PRIMARY KEY, NextKey int NOT NULL);
CREATE TABLE tsmLogicalLock (LogicalLockKey int NOT NULL PRIMARY KEY, LogicalLockID varchar(80), UserID varchar(30));
CREATE TABLE tsmLocalString (StringNo int NOT NULL, LanguageID int NOT NULL, LocalText varchar(255));
CREATE TABLE tdmMigrationLogWrk (SessionKey int NOT NULL, EntityID varchar(60), ColumnID varchar(60),
    ColumnValue varchar(100), Status smallint NOT NULL, Duplicate smallint NOT NULL DEFAULT 0, Comment varchar(255),
    DateCreated datetime,
    INDEX (SessionKey));
CREATE TABLE tdmMigrationSlice (SessionKey int NOT NULL, EntityID varchar(60) NOT NULL, Slices int NOT NULL);  -- (ours)

-- ===== common information, ledger =====
CREATE TABLE tciAddress (AddrKey int NOT NULL PRIMARY KEY, AddrName varchar(40), AddrLine1 varchar(40),
    AddrLine2 varchar(40), AddrLine3 varchar(40), AddrLine4 varchar(40), AddrLine5 varchar(40), City varchar(20),
    StateID varchar(3), CountryID varchar(3), PostalCode varchar(10), Phone varchar(17), PhoneExt varchar(4),
    Latitude decimal(12,6), Longitude decimal(12,6), UpdateCounter int NOT NULL DEFAULT 0);
CREATE TABLE tciContact (CntctKey int NOT NULL PRIMARY KEY, CntctOwnerKey int, Name varchar(40), Title varchar(40),
    EMailAddr varchar(255), Phone varchar(17), PhoneExt varchar(4),
    INDEX (EMailAddr));
CREATE TABLE tciShipMethod (ShipMethKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL,
    ShipMethID varchar(15) NOT NULL, ShipMethDesc varchar(30));
CREATE TABLE tciPaymentTerms (PmtTermsKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL,
    PmtTermsID varchar(15) NOT NULL, Description varchar(40));
CREATE TABLE tciUnitMeasure (UnitMeasKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL,
    UnitMeasID varchar(6) NOT NULL);
CREATE TABLE tciBatchLog (BatchKey int NOT NULL PRIMARY KEY, BatchID varchar(14), BatchType smallint, CompanyID varchar(3),
    Status smallint NOT NULL, PostStatus smallint NOT NULL, PostDate datetime, BatchTotal decimal(15,3),
    BatchCmnt varchar(50), CreateDate datetime, UpdateDate datetime);
CREATE TABLE tglAccount (GLAcctKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL,
    GLAcctNo varchar(100) NOT NULL, Description varchar(40), Status smallint NOT NULL DEFAULT 1);
CREATE TABLE tglFiscalPeriod (CompanyID varchar(3) NOT NULL, FiscYear varchar(5) NOT NULL, FiscPer smallint NOT NULL,
    StartDate datetime, EndDate datetime, Status smallint NOT NULL DEFAULT 1);
CREATE TABLE tglTransaction (GLTranKey int NOT NULL PRIMARY KEY, BatchKey int, CompanyID varchar(3), GLAcctKey int,
    TranNo varchar(10), TranType smallint, TranDate datetime, PostAmt decimal(15,3), ExtCmnt varchar(255),
    PostDate datetime, CreateDate datetime,
    INDEX (BatchKey));

-- ===== inventory =====
CREATE TABLE timItem (ItemKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL, ItemID varchar(30) NOT NULL,
    ItemType smallint NOT NULL DEFAULT 5, Status smallint NOT NULL DEFAULT 1, StockUnitMeasKey int, SalesUnitMeasKey int,
    StdPrice decimal(15,5), StdUnitCost decimal(15,5), UserFld1 varchar(15), UserFld2 varchar(15), CreateDate datetime,
    UpdateDate datetime, UpdateCounter int NOT NULL DEFAULT 0, UpdateUserID varchar(30), UNIQUE (CompanyID, ItemID));
CREATE TABLE timItemDescription (ItemKey int NOT NULL PRIMARY KEY, ShortDesc varchar(40), LongDesc varchar(255));
CREATE TABLE timWarehouse (WhseKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL, WhseID varchar(6) NOT NULL,
    Description varchar(30));
CREATE TABLE timWhseBin (WhseBinKey int NOT NULL PRIMARY KEY, WhseKey int NOT NULL, WhseBinID varchar(15),
    Type smallint, ExclFromAvail smallint NOT NULL DEFAULT 0);
CREATE TABLE timWhseBinInvt (WhseBinKey int NOT NULL, ItemKey int NOT NULL, QtyOnHand decimal(16,8) NOT NULL DEFAULT 0,
    PendQtyIncrease decimal(16,8) NOT NULL DEFAULT 0, PendQtyDecrease decimal(16,8) NOT NULL DEFAULT 0,
    UNIQUE (WhseBinKey, ItemKey));
CREATE TABLE timInventory (ItemKey int NOT NULL, WhseKey int NOT NULL, QtyOnPO decimal(16,8) NOT NULL DEFAULT 0,
    QtyOnSO decimal(16,8) NOT NULL DEFAULT 0, QtyOnWO decimal(16,8) NOT NULL DEFAULT 0,
    QtyReqForWO decimal(16,8) NOT NULL DEFAULT 0, MinStockQty decimal(16,8) NOT NULL DEFAULT 0, UNIQUE (ItemKey, WhseKey));

-- ===== accounts receivable =====
CREATE TABLE tarCustClass (CustClassKey int NOT NULL PRIMARY KEY, CompanyID varchar(3), CustClassID varchar(15));
CREATE TABLE tarCustomer (CustKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL, CustID varchar(12) NOT NULL,
    CustName varchar(40), Status smallint NOT NULL DEFAULT 1, Hold smallint NOT NULL DEFAULT 0, CustClassKey int NOT NULL,
    PrimaryAddrKey int, DfltBillToAddrKey int, DfltShipToAddrKey int NOT NULL, PrimaryCntctKey int,
    CreditLimit decimal(15,3), CreditLimitUsed smallint, ReqPO smallint, ShipPriority smallint, StmtCycleKey int,
    StmtFormKey int, BillingType smallint, AllowCustRefund smallint, NationalAcctLevelKey int, CRMCustID varchar(32),
    CustRefNo varchar(15), StdIndusCodeID varchar(7), ABANo varchar(9), DateEstab datetime, UserFld1 varchar(15),
    UserFld2 varchar(15), UserFld3 varchar(15), UserFld4 varchar(15), CreateDate datetime, CreateType smallint,
    CreateUserID varchar(30), UpdateDate datetime, UpdateCounter int NOT NULL DEFAULT 0, UpdateUserID varchar(30),
    UNIQUE (CompanyID, CustID));
CREATE TABLE tarCustAddr (AddrKey int NOT NULL PRIMARY KEY, CustKey int NOT NULL, CustAddrID varchar(15),
    PmtTermsKey int, ShipMethKey int, STaxSchdKey int, WhseKey int, SperKey int, CurrID varchar(3), FOBKey int);
CREATE TABLE tarPendCustPmt (CustPmtKey int NOT NULL PRIMARY KEY, BatchKey int, CustKey int, TranNo varchar(10),
    TranAmt decimal(15,3), TranDate datetime, CompanyID varchar(3), CurrID varchar(3), TranCmnt varchar(50),
    GLAcctKey int, UserFld1 varchar(15));
CREATE TABLE tarCustPmt (CustPmtKey int NOT NULL PRIMARY KEY, BatchKey int, CustKey int NOT NULL, TranType smallint,
    TranNo varchar(10), TranID varchar(13), TranAmt decimal(15,3), UnappliedAmt decimal(15,3), TranDate datetime,
    PostDate datetime, CompanyID varchar(3), CurrID varchar(3), TranCmnt varchar(50), GLAcctKey int,
    UserFld1 varchar(15), CreateDate datetime,
    INDEX (UserFld1));
CREATE TABLE tarInvoice (InvcKey int NOT NULL PRIMARY KEY, CompanyID varchar(3), TranType smallint, TranNo varchar(10),
    TranID varchar(13), TranDate datetime, CustKey int, SOKey int, TranAmt decimal(15,3), Balance decimal(15,3),
    Status smallint, CreateDate datetime, UpdateDate datetime, UpdateCounter int NOT NULL DEFAULT 0);

-- ===== purchase orders (ours: the module's tables are not public) =====
CREATE TABLE tpoPurchOrder (POKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL, TranNo varchar(10) NOT NULL,
    VendID varchar(12), TranDate datetime, Status smallint NOT NULL DEFAULT 1);
CREATE TABLE tpoPOLine (POLineKey int NOT NULL PRIMARY KEY, POKey int NOT NULL, POLineNo int NOT NULL, ItemKey int,
    QtyOrd decimal(16,8) NOT NULL, QtyRcvd decimal(16,8) NOT NULL DEFAULT 0, UnitCost decimal(15,5), PromiseDate datetime,
    INDEX (POKey));

-- ===== sales orders =====
CREATE TABLE tsoSalesOrder (SOKey int NOT NULL PRIMARY KEY, CompanyID varchar(3) NOT NULL, TranType smallint NOT NULL,
    TranNo varchar(10) NOT NULL, TranID varchar(13), TranDate datetime, Status smallint NOT NULL, Hold smallint NOT NULL,
    HoldReason varchar(20), CrHold smallint NOT NULL, CustKey int NOT NULL, CustPONo varchar(15), ConfirmNo varchar(10),
    ContactName varchar(40), CurrID varchar(3), CurrExchRate float, BillToAddrKey int, BillToCustAddrKey int,
    DfltShipToAddrKey int, DfltShipToCustAddrKey int, DfltShipMethKey int, DfltWhseKey int, DfltShipPriority smallint,
    DfltRequestDate datetime, DfltPromDate datetime, DfltShipDate datetime, PmtTermsKey int, PrimarySperKey int,
    SalesAmt decimal(15,3), FreightAmt decimal(15,3), STaxAmt decimal(15,3), TradeDiscAmt decimal(15,3),
    TranAmt decimal(15,3), TranAmtHC decimal(15,3), OpenAmt decimal(15,3), TranCmnt varchar(50), AckDate datetime,
    CloseDate datetime, Expiration datetime, UserFld1 varchar(15), UserFld2 varchar(15), UserFld3 varchar(15),
    UserFld4 varchar(15), CreateDate datetime, CreateType smallint, CreateUserID varchar(30), UpdateDate datetime,
    UpdateCounter int NOT NULL DEFAULT 0, UpdateUserID varchar(30), UNIQUE (CompanyID, TranType, TranNo),
    INDEX (UserFld1), INDEX (UpdateDate));
CREATE TABLE tsoSOLine (SOLineKey int NOT NULL PRIMARY KEY, SOKey int NOT NULL, SOLineNo int NOT NULL, ItemKey int,
    Description varchar(40), UnitMeasKey int, UnitPrice decimal(15,5), UnitPriceOvrd smallint, Status smallint NOT NULL,
    CmntOnly smallint NOT NULL DEFAULT 0, ExtCmnt varchar(255), STaxClassKey int, CommClassKey int, CloseDate datetime,
    InclOnPickList smallint, InclOnPackList smallint, POLineKey int, UserFld1 varchar(15), UserFld2 varchar(15),
    INDEX (SOKey));
CREATE TABLE tsoSOLineDist (SOLineDistKey int NOT NULL PRIMARY KEY, SOLineKey int NOT NULL, QtyOrd decimal(16,8) NOT NULL,
    OrigOrdered decimal(16,8), QtyShip decimal(16,8) NOT NULL DEFAULT 0, QtyOpenToShip decimal(16,8) NOT NULL DEFAULT 0,
    QtyOnBO decimal(16,8) NOT NULL DEFAULT 0, QtyInvcd decimal(16,8) NOT NULL DEFAULT 0,
    QtyRtrnCredit decimal(16,8) NOT NULL DEFAULT 0, QtyRtrnReplacement decimal(16,8) NOT NULL DEFAULT 0,
    ExtAmt decimal(15,3), AmtInvcd decimal(15,3), FreightAmt decimal(15,3), TradeDiscAmt decimal(15,3), WhseKey int,
    ShipToAddrKey int, ShipToCustAddrKey int, ShipMethKey int, ShipDate datetime, RequestDate datetime,
    PromiseDate datetime, DeliveryMeth smallint, Hold smallint NOT NULL DEFAULT 0, GLAcctKey int, Status smallint NOT NULL,
    INDEX (SOLineKey));
CREATE TABLE tsoPendShipment (ShipKey int NOT NULL PRIMARY KEY, TranType smallint, TranID varchar(13), TranDate datetime,
    PostDate datetime, BatchKey int, FreightAmt decimal(15,3), CompanyID varchar(3), ShipMethKey int);
CREATE TABLE tsoShipment (ShipKey int NOT NULL PRIMARY KEY, TranType smallint, TranID varchar(13), TranDate datetime,
    PostDate datetime, BatchKey int, FreightAmt decimal(15,3), CompanyID varchar(3), ShipMethKey int);
CREATE TABLE tsoShipLine (ShipLineKey int NOT NULL PRIMARY KEY, ShipKey int NOT NULL, SOLineKey int, ItemKey int,
    InvtTranKey int, KitShipLineKey int,
    INDEX (ShipKey), INDEX (SOLineKey));
CREATE TABLE tsoShipLineDist (ShipLineDistKey int NOT NULL PRIMARY KEY, ShipLineKey int NOT NULL, SOLineDistKey int,
    QtyShipped decimal(16,8), FreightAmt decimal(15,3),
    INDEX (ShipLineKey));
CREATE TABLE tsoShipmentLog (ShipKey int NOT NULL PRIMARY KEY, TranStatus smallint NOT NULL, TranType smallint,
    TranID varchar(13), CompanyID varchar(3));
CREATE TABLE tsoPackage (PackageKey int NOT NULL PRIMARY KEY, ShipKey int NOT NULL, ShipTrackNo varchar(30),
    INDEX (ShipKey));

-- ===== staging =====
CREATE TABLE StgSalesOrder (RowKey int NOT NULL, SessionKey int NOT NULL, ProcessStatus smallint NOT NULL DEFAULT 0,
    Action smallint NOT NULL DEFAULT 0, TranNo varchar(10), TranDate datetime, CustID varchar(12), CurrID varchar(3),
    CurrExchRate float, CurrExchSchdID varchar(15), CustPONo varchar(15), UserFld1 varchar(15), UserFld2 varchar(15),
    UserFld3 varchar(15), UserFld4 varchar(15), Status varchar(20), Hold varchar(3), HoldReason varchar(20),
    CrHold varchar(3), CustClassID varchar(15), PmtTermsID varchar(15), PrimarySperID varchar(12),
    SalesSourceID varchar(15), ContactName varchar(40), ConfirmNo varchar(10), BillToCustAddrID varchar(15),
    BillToAddrName varchar(40), BillToAddrLine1 varchar(40), BillToAddrLine2 varchar(40), BillToAddrLine3 varchar(40),
    BillToAddrLine4 varchar(40), BillToAddrLine5 varchar(40), BillToCity varchar(20), BillToStateID varchar(3),
    BillToCountryID varchar(3), BillToPostalCode varchar(10), BillToCopyID varchar(15), DfltShipToCustAddrID varchar(15),
    DfltShipToAddrName varchar(40), DfltShipToAddrLine1 varchar(40), DfltShipToAddrLine2 varchar(40),
    DfltShipToAddrLine3 varchar(40), DfltShipToAddrLine4 varchar(40), DfltShipToAddrLine5 varchar(40),
    DfltShipToCity varchar(20), DfltShipToStateID varchar(3), DfltShipToCountryID varchar(3),
    DfltShipToPostalCode varchar(10), DfltShipMethID varchar(15), DfltWarehouseID varchar(6), DfltFOBID varchar(15),
    DfltShipPriority smallint, DfltRequestDate datetime, DfltPromDate datetime, DfltShipDate datetime,
    DfltCommPlanID varchar(15), FreightAmt decimal(15,3), STaxAmt decimal(15,3), STaxCalc varchar(3),
    TradeDiscAmt decimal(15,3), TradeDiscPct decimal(5,4), OpenAmt decimal(15,3), SalesAmt decimal(15,3),
    TranAmtHC decimal(15,3), TranCmnt varchar(50), RequireSOAck varchar(3), SOAckFormID varchar(15),
    RecurSOTranNo varchar(10), CreateDate datetime,
    INDEX (SessionKey));
CREATE TABLE StgSOLine (RowKey int NOT NULL, SessionKey int NOT NULL, ProcessStatus smallint NOT NULL DEFAULT 0,
    Action smallint NOT NULL DEFAULT 0, TranNo varchar(10), SOLineNo int, ItemID varchar(30), ItemAliasID varchar(30),
    Description varchar(40), QtyOrd decimal(16,8), UnitMeasID varchar(6), UnitPrice decimal(15,5), ExtAmt decimal(15,3),
    FreightAmt decimal(15,3), TradeDiscAmt decimal(15,3), TradeDiscPct decimal(5,4), WarehouseID varchar(6),
    DeliveryMeth varchar(15), ShipMethID varchar(15), ShipPriority smallint, RequestDate datetime, PromiseDate datetime,
    OrigPromiseDate datetime, ShipDate datetime, ShipToCustAddrID varchar(15), ShipToAddrName varchar(40),
    ShipToAddrLine1 varchar(40), ShipToAddrLine2 varchar(40), ShipToAddrLine3 varchar(40), ShipToAddrLine4 varchar(40),
    ShipToAddrLine5 varchar(40), ShipToCity varchar(20), ShipToStateID varchar(3), ShipToCountryID varchar(3),
    ShipToPostalCode varchar(10), STaxClassID varchar(15), GLAcctNo varchar(100), AcctRefCode varchar(20),
    CmntOnly varchar(3), ReqCert varchar(3), ExtCmnt varchar(255), KitComponent varchar(3), Hold varchar(3),
    HoldReason varchar(20), Status varchar(20), VendorID varchar(12), PONumber varchar(10), CloseDate datetime,
    FOBID varchar(15), CommClassID varchar(15), CommPlanID varchar(15), OrigOrdered decimal(16,8), QtyShip decimal(16,8),
    QtyOnBO decimal(16,8), QtyInvcd decimal(16,8), QtyRtrnCredit decimal(16,8), QtyRtrnReplacement decimal(16,8),
    AmtInvcd decimal(15,3), MAS90LineIndex varchar(10), WillCall varchar(3), UserFld1 varchar(15), UserFld2 varchar(15),
    INDEX (SessionKey));
-- (ours) staging of the sibling procedures
CREATE TABLE StgCustomer (RowKey int NOT NULL, SessionKey int NOT NULL, ProcessStatus smallint NOT NULL DEFAULT 0,
    Action smallint NOT NULL DEFAULT 0, CustID varchar(12), CustName varchar(40), Status varchar(20), Hold varchar(3),
    CustClassID varchar(15), PmtTermsID varchar(15), ShipMethID varchar(15), CurrID varchar(3), CreditLimit decimal(15,3),
    CRMCustID varchar(32), CustRefNo varchar(15), UserFld1 varchar(15), UserFld2 varchar(15), AddrName varchar(40),
    AddrLine1 varchar(40), AddrLine2 varchar(40), AddrLine3 varchar(40), AddrLine4 varchar(40), AddrLine5 varchar(40),
    City varchar(20), StateID varchar(3), CountryID varchar(3), PostalCode varchar(10), Phone varchar(17),
    ContactName varchar(40), EMailAddr varchar(255), CreateDate datetime);
CREATE TABLE StgCashReceipt (RowKey int NOT NULL, SessionKey int NOT NULL, ProcessStatus smallint NOT NULL DEFAULT 0,
    Action smallint NOT NULL DEFAULT 0, TranNo varchar(10), CustID varchar(12), TranAmt decimal(15,3), TranDate datetime,
    CurrID varchar(3), GLAcctNo varchar(100), PmtMethod varchar(15), CustPmtRef varchar(20), ApplyToTranID varchar(13),
    TranCmnt varchar(50), UserFld1 varchar(15), CreateDate datetime);
CREATE TABLE StgGLJournal (RowKey int NOT NULL, SessionKey int NOT NULL, ProcessStatus smallint NOT NULL DEFAULT 0,
    Action smallint NOT NULL DEFAULT 0, TranNo varchar(10), TranDate datetime, GLAcctNo varchar(100),
    DebitAmt decimal(15,3), CreditAmt decimal(15,3), TranCmnt varchar(50), UserFld1 varchar(15), CreateDate datetime);
    -- one row per posting; rows of a session with the same TranNo are one journal
CREATE TABLE StgItem (RowKey int NOT NULL, SessionKey int NOT NULL, ProcessStatus smallint NOT NULL DEFAULT 0,
    Action smallint NOT NULL DEFAULT 0, ItemID varchar(30), ShortDesc varchar(40), LongDesc varchar(255),
    StdPrice decimal(15,5), StdUnitCost decimal(15,5), StockUnitMeasID varchar(6), Status varchar(20), CreateDate datetime);
CREATE TABLE StgRMA (RowKey int NOT NULL, SessionKey int NOT NULL, ProcessStatus smallint NOT NULL DEFAULT 0,
    Action smallint NOT NULL DEFAULT 0, TranNo varchar(10), TranDate datetime, CustID varchar(12), SOTranNo varchar(10),
    CustPONo varchar(15), UserFld1 varchar(15), TranCmnt varchar(50), CreateDate datetime);
CREATE TABLE StgRMALine (RowKey int NOT NULL, SessionKey int NOT NULL, ProcessStatus smallint NOT NULL DEFAULT 0,
    Action smallint NOT NULL DEFAULT 0, TranNo varchar(10), SOLineNo int, ItemID varchar(30), UnitMeasID varchar(6),
    UnitPrice decimal(15,5), QtyRtrnCredit decimal(16,8), QtyRtrnReplacement decimal(16,8), WarehouseID varchar(6),
    ExtCmnt varchar(255));
