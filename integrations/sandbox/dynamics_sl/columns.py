"""The one column table of the simulator: reads ``ctapi_types.txt`` into typed tables.

Used by the WSDL generator, the request validator, the reader and writer of messages, and the storage, so that
none of them can disagree about a name, a type or an order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NULL_DATE = "1900-01-01T00:00:00"
"""What Dynamics SL stores where another system would store nothing."""

XSD_TYPES = {
    "s": "string",
    "b": "boolean",
    "h": "short",
    "i": "int",
    "d": "double",
    "t": "dateTime",
    "u": "unsignedByte",
}

_LENGTHS_BY_SIZE = {
    1: "Status ShiptoType InvtType ValMthd CuryMultDiv",
    2: "TermsID Terms LotSerTrack TranStatusCode DocType Module POType",
    3: "ShipState ShipCountry BillState BillCountry State Country Disp",
    4: "CuryID SOTypeID NextFunctionClass FiscYr",
    5: "LineRef OrdLineRef BoxRef",
    6: "PerPost PerEnt PerClosed UnitDesc ClassId CuryRateType StkUnit DfltSOUnit DfltPOUnit",
    8: "NextFunctionID Crtd_Prog LUpd_Prog",
    10: "CpnyID ShiptoID SiteID WhseLoc BatNbr RefNbr Acct SlsperID TaxID00 TaxID01 TaxID02 TaxID03 TaxCat"
    " ShipZip BillZip Zip BankAcct PONbr LedgerID Crtd_User LUpd_User DfltShipToId PriceClassID ShipSiteID DfltSite",
    15: "CustID OrdNbr ShipperID ShipViaID InvcNbr ShipCustID OrigOrdNbr ExtRefNbr VendId",
    16: "ProjectID",
    24: "Sub SlsSub ArSub BankSub",
    25: "CustOrdNbr TrackingNbr LotSerNbr",
    30: "InvtID AlternateID ShipAttn ShipCity ShipPhone BillAttn BillCity BillPhone Attn City Phone Fax"
    " ContractNbr UPCCode User1 User2 TranDesc DocDesc",
    32: "TaskID",
    60: "ShipName ShipAddr1 ShipAddr2 BillName BillAddr1 BillAddr2 Name Addr1 Addr2 Descr",
    80: "EMailAddr",
}
CHAR_LENGTHS = {name.lower(): length for length, names in _LENGTHS_BY_SIZE.items() for name in names.split()}
"""Declared lengths of the char columns we know, by lower-case name; SL pads them with blanks."""


@dataclass(frozen=True, slots=True)
class Column:
    """One element of a type. ``code`` is a letter of ``XSD_TYPES``, ``DataSet`` or a complex type's name."""

    name: str
    code: str

    @property
    def is_value(self) -> bool:
        """True for the value types .NET requires in every message."""
        return self.code in "bhidtu"

    @property
    def is_complex(self) -> bool:
        return self.code not in XSD_TYPES and self.code != "DataSet"

    @property
    def length(self) -> int:
        """Blank-padded length, 0 where none is known."""
        return CHAR_LENGTHS.get(self.name.lower(), 0) if self.code == "s" else 0


@dataclass(frozen=True, slots=True)
class TypeTable:
    """One SOAP type: its columns in xs:sequence order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def scalars(self) -> tuple[Column, ...]:
        """The columns that are stored: everything but complex members and DataSets."""
        return tuple(column for column in self.columns if column.code in XSD_TYPES)


def parse_columns(text: str, groups: dict[str, str]) -> tuple[Column, ...]:
    """Return the columns of ``name:type`` notation, shared groups expanded in place."""
    columns: list[Column] = []
    for word in text.split():
        if word.startswith("<"):
            columns += parse_columns(groups[word.strip("<>")], groups)
        else:
            name, _, code = word.partition(":")
            columns.append(Column(name, code))
    return tuple(columns)


def _sections() -> Iterator[tuple[str, str, str]]:
    section = heading = ""
    words: list[str] = []
    for line in Path(__file__).with_name("ctapi_types.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "[")) or (line and not line.startswith(" ")):
            if heading:
                yield section, heading, " ".join(words)
            heading, words = "", []
            if line.startswith("["):
                section = line.strip("[]")
            elif not line.startswith("#"):
                heading = line.rstrip(":")
        else:
            words.append(line.strip())
    if heading:
        yield section, heading, " ".join(words)


@cache
def _tables() -> dict[tuple[str, str], TypeTable]:
    groups: dict[str, str] = {}
    tables: dict[tuple[str, str], TypeTable] = {}
    for section, heading, text in _sections():
        if section == "groups":
            groups[heading] = text
        else:
            tables[section, heading] = TypeTable(heading, parse_columns(text, groups))
    return tables


@cache
def find_type(service: str, name: str) -> TypeTable | None:
    """Return a type as a service spells it, else as any service does; None for types nobody published."""
    tables = _tables()
    if (service, name) in tables:
        return tables[service, name]
    if name == "Batch" or name == "screen":
        return None
    return next((table for (_, heading), table in tables.items() if heading == name), None)


@cache
def item_of_array(service: str, name: str) -> tuple[str, str]:
    """Return (element name, type name) inside ``ArrayOfX``; ctAPI spells both like the type."""
    wanted = name.removeprefix("ArrayOf")
    for _, heading in _tables():
        if heading.lower() == wanted.lower():
            return heading, heading
    return wanted, wanted
