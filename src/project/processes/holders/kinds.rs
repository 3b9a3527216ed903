//! What a name may stand for, and what becomes of that when its value is called, read or returned.

/// A set of the ways in which a name may have to do with processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Kinds(u8);

/// What each kind turns into on the way from one name to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    api: Kinds,
    object: Kinds,
    gives: Kinds,
}

impl Kinds {
    pub(super) const NONE: Self = Self(0);
    /// A class, function or method of the catalogue: a call of it is a dispatch or makes an object.
    pub(super) const API: Self = Self(1);
    /// An object of such a class, a module that has one, or what holds either.
    pub(super) const OBJECT: Self = Self(2);
    /// A function or class of the project whose calls give any of these.
    pub(super) const GIVES: Self = Self(4);
    /// What is one, or holds one, as it stands.
    pub(super) const HELD: Self = Self(Self::API.0 | Self::OBJECT.0);
    /// Whatever it is.
    pub(super) const ANY: Self = Self(Self::HELD.0 | Self::GIVES.0);

    pub(super) fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    pub(super) fn without(self, less: Self) -> Self {
        Self(self.0 & !less.0)
    }

    pub(super) fn meets(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

impl Step {
    /// The value itself.
    pub(super) const SAME: Self =
        Self { api: Kinds::API, object: Kinds::OBJECT, gives: Kinds::GIVES };
    /// What a call of it gives. A pool that is called gives results: those hold nothing.
    pub(super) const CALLED: Self =
        Self { api: Kinds::OBJECT, object: Kinds::NONE, gives: Kinds::ANY };
    /// The value or what a call of it gives, as with annotations, bases and decorators.
    pub(super) const USED: Self =
        Self { api: Kinds::HELD, object: Kinds::OBJECT, gives: Kinds::ANY };
    /// One of its attributes: `pool.map`, `context.Process`.
    pub(super) const PART: Self =
        Self { api: Kinds::HELD, object: Kinds::HELD, gives: Kinds::GIVES };
    /// The function that returns it.
    pub(super) const RETURNED: Self =
        Self { api: Kinds::GIVES, object: Kinds::GIVES, gives: Kinds::GIVES };
    /// What is read, called or asked in any other way, and gives it: properties, objects with special methods.
    pub(super) const BEHIND: Self = Self { api: Kinds::ANY, object: Kinds::ANY, gives: Kinds::ANY };

    /// What `kinds` turn into.
    pub(super) fn of(self, kinds: Kinds) -> Kinds {
        let rows =
            [(Kinds::API, self.api), (Kinds::OBJECT, self.object), (Kinds::GIVES, self.gives)];
        rows.into_iter()
            .filter(|(kind, _)| kinds.meets(*kind))
            .fold(Kinds::NONE, |all, (_, becomes)| all.with(becomes))
    }

    /// This step, then `next`.
    pub(super) fn then(self, next: Self) -> Self {
        Self { api: next.of(self.api), object: next.of(self.object), gives: next.of(self.gives) }
    }
}
