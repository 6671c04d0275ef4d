"""People and programs: users by e-mail, their membership in tenants, and API keys."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Now

from integrations.kinds import Role
from integrations.models import TenantModel


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user; the e-mail is folded so that one person has one account."""
        if not email:
            raise ValueError("a user needs an e-mail address")
        user = self.model(email=email.strip().casefold(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=(email or "").strip().casefold())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Belongs to any number of tenants through Membership."""

    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May open the support console.")
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        db_table = "account_user"

    def __str__(self) -> str:
        return self.full_name or self.email

    @property
    def initials(self) -> str:
        """One or two capitals for the avatar."""
        words = (self.full_name or self.email.split("@")[0].replace(".", " ")).split()
        return "".join(word[0] for word in words[:2]).upper()


class Membership(TenantModel):
    """A user's one role in a tenant."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=[(role.value, role.value.title()) for role in Role])
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "membership"
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="membership_once")]


class ApiKey(TenantModel):
    """A program's access. Only the hash is kept; the prefix is shown so that people can tell keys apart."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    key_hash = models.BinaryField(unique=True, max_length=32)
    role = models.CharField(max_length=10, choices=[(role.value, role.value.title()) for role in Role])
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_key"
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="api_key_name")]
