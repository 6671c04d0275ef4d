"""The settings of connections to our own simulators, per system. Called by ``operations.demos`` and ``seeddemo``."""

from typing import Any

from integrations.stores.demo_places import Place

ZONE = "America/Chicago"


def settings_of(system: str, place: Place, secret: str) -> dict[str, Any]:
    """Return what a person would type into the form of this system; every credential is ``secret``."""
    return _FORMS[system](place, secret)


def is_simulated(system: str) -> bool:
    """Return whether we bring a simulator of this system."""
    return system in _FORMS


def _x_cart(place: Place, secret: str) -> dict[str, Any]:
    return {
        "base_url": place.url,
        "api_key_rw": secret,
        "store_timezone": ZONE,
        "addon_enabled": True,
        "webhook_secret": secret,
        "max_requests_per_minute": 6000,
        "lookup_wait_s": 2,
    }


def _clarity_ecommerce(place: Place, secret: str) -> dict[str, Any]:
    return {
        "base_url": place.url,
        "client_id": "clarity-sandbox-client",
        "client_secret": secret,
        "webhook_secret": secret,
        "max_requests_per_minute": 6000,
    }


def _dynamics_sl(place: Place, secret: str) -> dict[str, Any]:
    return {
        "base_url": f"{place.url}/ctDynamicsSL",
        "cpny_id": "NLCO",
        "site_key": secret,
        "default_site": "MAIN",
        "time_zone": ZONE,
        "operation_timeout_s": 5,
        "lookup_wait_s": 2,
        "max_parallel": 8,
    }


def _acumatica(place: Place, secret: str) -> dict[str, Any]:
    return {
        "base_url": f"{place.url}/AcumaticaERP",
        "tenant": "MyStore",
        "username": "connect",
        "password": secret,
        "client_id": "4B6A1F0E-0000-4000-8000-5A7D00C0FFEE@MyStore",
        "client_secret": secret,
        "operation_timeout_s": 10,
        "lookup_wait_s": 2,
        "max_requests_per_minute": 6000,
        "max_api_users": 3,
    }


def _sage_500(place: Place, secret: str) -> dict[str, Any]:
    return {
        "sql_host": "127.0.0.1",
        "sql_port": place.sql_port,
        "sql_database": "mas500_app",
        "sql_user": "connect",
        "sql_password": secret,
        "sql_certificate": place.certificate,
        "company_id": "ABC",
        "erp_user_id": "connect",
        "warehouse_ids": "MAIN",
        "setup_step_key": 2201000,
        "setup_steps": "customer=2201010, receipt=2201020, journal=2201030, item=2201040, return=2201050",
        "tracking_view": "tsoPackage",
        "tracking_column": "ShipTrackNo",
        "purchase_order_view": "vdvConnectPurchaseOrder",
        "proc_customer": "spARapiCustomerIns",
        "proc_cash_receipt": "spARapiCashReceiptIns",
        "proc_journal": "spGLapiJournalIns",
        "proc_item": "spIMapiItemIns",
        "proc_return": "spSOapiRMAIns",
        "query_timeout_s": 10,
        "operation_timeout_s": 10,
        "lookup_wait_s": 2,
    }


_FORMS = {
    "x_cart": _x_cart,
    "clarity_ecommerce": _clarity_ecommerce,
    "dynamics_sl": _dynamics_sl,
    "acumatica": _acumatica,
    "sage_500": _sage_500,
}
