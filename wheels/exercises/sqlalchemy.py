import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "rows"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


engine = sa.create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all([Row(name=f"n{i}") for i in range(50)])
    session.commit()
    query = sa.select(Row.name).where(Row.id > 48).order_by(Row.id)
    assert session.scalars(query).all() == ["n48", "n49"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Row)) == 50
