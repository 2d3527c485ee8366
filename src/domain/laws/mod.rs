//! What the laws of every kind are made with.

mod explore;

pub(in crate::domain) use explore::{Choices, Values, explorer, follow};

use super::{Binding, Connection, Keyed, Reason};

/// Types whose values can be written down one by one.
macro_rules! values {
    ($($type:ty: $($value:expr),*;)*) => {
        $(impl $crate::domain::laws::Values for $type {
            fn all() -> Vec<Self> {
                vec![$($value),*]
            }
        })*
    };
}
pub(in crate::domain) use values;

// Reasons are handed on as they are: two of each tell whether it is the right one.
values! {
    bool: false, true;
    Connection: Connection::Ready, Connection::Missing, Connection::NotReady(Reason::ConnectionNotReady),
        Connection::NotReady(Reason::PamAuthenticationFailed);
    Binding: Binding::Bound, Binding::Unbound, Binding::BoundElsewhere;
}

/// Digests that can be read.
pub(in crate::domain) struct PlainKey;

impl Keyed for PlainKey {
    fn digest(&self, field: &str, text: &[u8]) -> String {
        format!("k:{field}:{}", String::from_utf8_lossy(text))
    }

    fn made(&self, digest: &str) -> bool {
        digest.starts_with("k:")
    }

    fn is_of(&self, digest: &str, field: &str, text: &[u8]) -> bool {
        digest == self.digest(field, text)
    }
}
