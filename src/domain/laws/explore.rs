//! Every path that a law takes through the decisions of a kind.
//!
//! A fact is chosen when it is first asked for, and stays what it is until the law has returned. Then the law is run once
//! more with the next value of the fact that was chosen last, and so on until all values of all facts that were ever asked
//! for were had. What a path never asks for cannot matter to it: so all states are tried without trying each.

use std::cell::{Cell, RefCell};
use std::fmt::Debug;

/// All values of the type of a fact.
pub(in crate::domain) trait Values: Sized {
    fn all() -> Vec<Self>;
}

/// The values that were chosen, by the numbers of fact and value.
pub(in crate::domain) struct Choices {
    counts: Vec<usize>,
    chosen: Vec<Cell<Option<usize>>>,
    order: RefCell<Vec<usize>>,
}

impl Choices {
    pub(in crate::domain) fn new(counts: Vec<usize>) -> Self {
        let chosen = counts.iter().map(|_| Cell::new(None)).collect();
        Self { counts, chosen, order: RefCell::default() }
    }

    pub(in crate::domain) fn given(&self, fact: usize) -> Option<usize> {
        self.chosen[fact].get()
    }

    /// The value of a fact on this path.
    pub(in crate::domain) fn give(&self, fact: usize, is_possible: impl Fn() -> bool) -> usize {
        if let Some(value) = self.given(fact) {
            return value;
        }
        assert!(self.choose(fact, 0, is_possible), "no value of fact {fact} goes with those before it");
        self.order.borrow_mut().push(fact);
        self.given(fact).unwrap()
    }

    /// Chooses the first possible value from `first` on; none where there is no more.
    fn choose(&self, fact: usize, first: usize, is_possible: impl Fn() -> bool) -> bool {
        let found = (first..self.counts[fact]).any(|value| {
            self.chosen[fact].set(Some(value));
            is_possible()
        });
        if !found {
            self.chosen[fact].set(None);
        }
        found
    }

    /// Goes on to the next path; `false` after the last.
    pub(in crate::domain) fn advance(&self, is_possible: impl Fn() -> bool) -> bool {
        let mut order = self.order.borrow_mut();
        while let Some(fact) = order.pop() {
            let next = self.given(fact).map_or(0, |value| value + 1);
            if self.choose(fact, next, &is_possible) {
                order.push(fact);
                return true;
            }
        }
        false
    }
}

/// Makes what hands out the facts of [`facts!`](crate::domain::facts), and what lays others over them.
macro_rules! explorer {
    ($($name:ident: $type:ty,)*) => {
        #[allow(non_camel_case_types, reason = "each is the name of a fact")]
        enum Fact {
            $($name,)*
        }

        struct Tables {
            $($name: Vec<$type>,)*
        }

        /// An object of which only what was asked for is known.
        pub(super) struct Lazy {
            tables: Tables,
            choices: $crate::domain::laws::Choices,
        }

        impl Lazy {
            pub(super) fn new() -> Self {
                let tables = Tables { $($name: $crate::domain::laws::Values::all(),)* };
                let choices = $crate::domain::laws::Choices::new(vec![$(tables.$name.len(),)*]);
                Self { tables, choices }
            }

            pub(super) const fn known(&self) -> Known<'_> {
                Known(self)
            }

            pub(super) fn advance(&self) -> bool {
                self.choices.advance(|| super::laws::is_possible(&self.known()))
            }
        }

        impl Facts for Lazy {
            $(fn $name(&self) -> $type {
                let is_possible = || super::laws::is_possible(&self.known());
                self.tables.$name[self.choices.give(Fact::$name as usize, is_possible)]
            })*
        }

        impl std::fmt::Debug for Lazy {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut all = f.debug_struct("Lazy");
                $(if let Some(value) = self.known().$name() {
                    all.field(stringify!($name), &value);
                })*
                all.finish_non_exhaustive()
            }
        }

        /// What was asked for so far.
        pub(super) struct Known<'a>(&'a Lazy);

        #[allow(dead_code, reason = "there is one for each fact, whether or not it is asked for")]
        impl Known<'_> {
            $(pub(super) fn $name(&self) -> Option<$type> {
                self.0.choices.given(Fact::$name as usize).map(|value| self.0.tables.$name[value])
            })*
        }

        /// Facts that are otherwise than those beneath.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) struct Changes {
            $(pub(super) $name: Option<$type>,)*
        }

        /// Tells what a path asked for so far, without asking for more.
        #[allow(dead_code, reason = "not every kind has laws that peek")]
        pub(super) trait Peek {
            fn peek(&self) -> Changes;
        }

        impl Peek for Lazy {
            fn peek(&self) -> Changes {
                Changes { $($name: self.known().$name(),)* }
            }
        }

        impl<F: Peek> Peek for But<'_, F> {
            fn peek(&self) -> Changes {
                self.under.peek().and(self.changes)
            }
        }

        #[allow(dead_code, reason = "there is one for each fact, whether or not it is changed")]
        impl Changes {
            $(pub(super) const fn $name(mut self, value: $type) -> Self {
                self.$name = Some(value);
                self
            })*

            pub(super) const fn none() -> Self {
                Self { $($name: None,)* }
            }

            /// These laid over a whole situation.
            pub(super) fn over(&self, under: &Situation) -> Situation {
                Situation { $($name: self.$name.unwrap_or(under.$name),)* }
            }

            /// All facts of a situation.
            pub(super) const fn all_of(s: &Situation) -> Self {
                Self { $($name: Some(s.$name),)* }
            }

            /// The facts that are known on both sides and the same.
            pub(super) fn common(&self, other: &Self) -> Self {
                Self { $($name: self.$name.filter(|value| other.$name == Some(*value)),)* }
            }

            /// Whether a fact that is known on both sides is another.
            pub(super) fn differs(&self, other: &Self) -> bool {
                false $(|| (self.$name.is_some() && other.$name.is_some() && self.$name != other.$name))*
            }

            /// Whether a fact of `asked` that `told` tells is missing here.
            pub(super) const fn lacks(&self, asked: &Self, told: &Self) -> bool {
                false $(|| (self.$name.is_none() && asked.$name.is_some() && told.$name.is_some()))*
            }

            /// These, and then those.
            pub(super) const fn and(mut self, then: Self) -> Self {
                $(if then.$name.is_some() {
                    self.$name = then.$name;
                })*
                self
            }
        }

        /// An object that differs from another in some facts.
        #[derive(Debug)]
        pub(super) struct But<'a, F> {
            under: &'a F,
            changes: Changes,
        }

        impl<'a, F: Facts> But<'a, F> {
            pub(super) const fn new(under: &'a F, changes: Changes) -> Self {
                Self { under, changes }
            }
        }

        impl<F: Facts> Facts for But<'_, F> {
            $(fn $name(&self) -> $type {
                self.changes.$name.unwrap_or_else(|| self.under.$name())
            })*
        }
    };
}
pub(in crate::domain) use explorer;

/// Prints the path that a law failed on.
struct Shown<'a, S: Debug>(&'a S);

impl<S: Debug> Drop for Shown<'_, S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("on the path {:#?}", self.0);
        }
    }
}

/// Follows every path of a law over `s`, which goes on to its next path by `advance`. The law says whether it spoke of the
/// path at all; on fewer than `floor` it proves nothing.
pub(in crate::domain) fn follow<S: Debug>(
    s: &S,
    advance: impl Fn(&S) -> bool,
    floor: usize,
    speaks: impl Fn(&S) -> bool,
) {
    let started = std::time::Instant::now();
    let (mut paths, mut met) = (0, 0);
    loop {
        let shown = Shown(s);
        met += usize::from(speaks(shown.0));
        paths += 1;
        drop(shown);
        if !advance(s) {
            break;
        }
    }
    eprintln!(
        "{:?}: {met} of {paths} paths, {:?}",
        std::thread::current().name().unwrap_or_default(),
        started.elapsed()
    );
    assert!(met >= floor, "the law was tried on {met} of {paths} paths only");
}
