//! The facts of an object of any kind, each asked for by itself.

/// Makes the struct of all facts, and the trait by which a decision asks for each.
macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// All facts of one object.
        #[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct Situation {
            $($(#[$doc])* pub $name: $type,)*
        }

        /// What a decision may ask of an object. It asks for one fact at a time, so that a test that answers can
        /// follow every path there is, instead of trying every combination of facts that were never asked for.
        pub trait Facts {
            $($(#[$doc])* fn $name(&self) -> $type;)*
        }

        impl Facts for Situation {
            $(fn $name(&self) -> $type {
                self.$name
            })*
        }

        #[cfg(test)]
        super::laws::explorer! { $($name: $type,)* }
    };
}
pub(in crate::domain) use facts;
