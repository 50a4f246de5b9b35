# mypy: disable-error-code="empty-body"
"""User code with models: fields of every kind, schemas, copies and drift; test_user_code.py says how to read it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import marshmallow
from typing_extensions import assert_type, reveal_type

from gemel import Discriminator, Drift, M, Model, OpenEnum, Resource, Sync, field, get
from gemel.infisical import InfisicalAsyncClient, InfisicalClient, Secret


class Color(OpenEnum):
    """Colors, of which a server may have more."""

    RED = "red"
    BLUE = "blue"


class Cat(Model, tag="cat", tag_field="kind"):
    """A cat."""

    lives: int = 9


class Dog(Model, tag="dog", tag_field="kind"):
    """A dog."""

    barks: bool


class Bird(Model):
    """A bird, told apart by a field of its own."""

    kind: Literal["bird"] = "bird"


class Fish(Model):
    """A fish."""

    kind: Literal["fish"] = "fish"


class Doc(Model, case="camel", unknown="keep"):
    """A record of every kind."""

    doc_id: UUID
    color: Color = Color.RED
    pet: Cat | Dog | None = None
    other: Annotated[Bird | Fish, Discriminator("kind")] | None = None
    made_at: datetime | None = None
    due: date | None = None
    price: Decimal = Decimal(0)
    blob: bytes = b""
    pages: list[dict[str, int]] = field(default_factory=list[dict[str, int]])
    more: Any = None
    renamed: int = field(name="oddName", default=0)


class DocSchema(Doc.Schema):
    """A schema of the user's own."""

    @marshmallow.validates("price")
    def check_price(self, value: Decimal, **_: Any) -> None:
        """Refuse what is too dear."""
        if value > 9:
            raise marshmallow.ValidationError("Too dear.")


class Docs(Resource[M]):
    """Documents."""

    @get("docs/{doc_id}")
    def retrieve(self, doc_id: str) -> Annotated[Doc, DocSchema]:
        """Read one, as the schema has it."""
        ...


def fields(doc: Doc) -> None:
    """What the fields are."""
    reveal_type(doc.doc_id)  # R: UUID
    reveal_type(doc.color)  # R: Color
    reveal_type(doc.pet)  # R: Cat | Dog | None
    reveal_type(doc.other)  # R: Bird | Fish | None
    reveal_type(doc.made_at)  # R: datetime | None
    reveal_type(doc.due)  # R: date | None
    reveal_type(doc.price)  # R: Decimal
    reveal_type(doc.blob)  # R: bytes
    # R pyright: list[dict[str, int]]
    # R mypy: list[dict[str, int]]
    reveal_type(doc.pages)
    reveal_type(doc.color.known)  # R: bool
    text: str = doc.color.value
    assert_type(Color("mauve"), Color)
    assert_type(doc.renamed, int)
    if isinstance(doc.pet, Cat):
        assert_type(doc.pet.lives, int)


def records(doc: Doc) -> None:
    """What a record can do."""
    reveal_type(Doc.Schema())  # R: Schema
    schema: type[marshmallow.Schema] = Doc.Schema
    assert_type(DocSchema(), DocSchema)
    reveal_type(doc.extras)  # R: dict[str, Any]
    reveal_type(doc.to_dict(by_alias=False))  # R: dict[str, Any]
    reveal_type(doc.to_json())  # R: str
    reveal_type(doc.replace(price=Decimal(1)))  # R: Doc
    reveal_type(Doc.from_dict({}))  # R: Doc
    reveal_type(Doc.from_json(b"{}"))  # R: Doc
    assert_type(Secret.from_json("{}"), Secret)


def clients(docs: Docs[Sync]) -> None:
    """How replies are read."""
    reveal_type(docs.retrieve("d"))  # R: Doc
    drifts: list[Drift] = []
    InfisicalClient(token="t", validate="strict", on_drift=drifts.append)
    InfisicalAsyncClient(token="t", validate="off", on_drift=print)
    # R pyright: Literal['unknown', 'missing', 'invalid']
    # R mypy: Literal['unknown'] | Literal['missing'] | Literal['invalid']
    reveal_type(drifts[0].kind)


def wrong_models(doc: Doc) -> None:
    """Each line is a mistake that a checker must catch."""
    Doc()  # E1 a required field is missing
    Doc(doc_id="d")  # E2 wrong type of a field
    Doc(doc_id=UUID(int=1), docId="d")  # E3 the wire name is no argument
    doc.price = Decimal(1)  # E4 records are frozen
    text: str = doc.replace(price=Decimal(1))  # E5 a copy is of the same type
    wants_cat(doc.pet)  # E6 it may be None or a Dog
    Color("mauve").hue  # E7 no such attribute
    doc.extras = {}  # E8 extras are read
    doc.to_dict(True)  # E9 by_alias goes by name
    Doc.from_dict([])  # E10 JSON of another kind


def wrong_clients() -> None:
    """Mistakes in how replies are read."""
    InfisicalClient(token="t", validate="loose")  # E11 not one of the choices
    InfisicalClient(token="t", on_drift=lambda: None)  # E12 an observer takes a Drift


def wants_cat(cat: Cat) -> None:
    """Take a cat only."""
