//! What users name: kinds, objects and connections.

use std::fmt;
use std::str::FromStr;

use pam_operator::api::ConnectionKind;

use super::kind::Kind;

/// The longest name of an object.
const LONGEST: usize = 253;

/// Tells whether an object or a namespace can have this name. A name stands in the address of a request as it is: a text with a
/// `/`, `?` or `#` would be another request, and a `#` cuts off `dryRun=All`, so that the API server writes.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [text.bytes().next(), text.bytes().last()];
    let fits = text.len() <= LONGEST && text.bytes().all(|byte| is_plain(byte) || b"-.".contains(&byte));
    fits && ends.into_iter().all(|end| end.is_some_and(is_plain))
}

/// Returns a name that an object can have, or why a text is none.
pub fn checked(text: &str) -> Result<&str, String> {
    is_name(text).then_some(text).ok_or_else(|| format!("{text:?} is no name of an object: correct it"))
}

/// A kind, or one object of it: `pamcred`, `pamcred/db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The kind.
    pub kind: Kind,
    /// The object; absent: all of the kind.
    pub name: Option<String>,
}

impl Named {
    /// Reads an object; a name without a kind is a PamCredential's.
    pub fn object(text: &str) -> Result<Self, String> {
        if text.contains('/') { text.parse() } else { Ok(Self::credential(text)) }
    }

    fn credential(name: &str) -> Self {
        Self { kind: Kind::PamCredential, name: Some(name.to_owned()) }
    }

    /// Reads a kind, an object of it, or, as `plan` and `sync` do, the name of a PamCredential without its kind.
    pub fn with_bare_name(text: &str) -> Result<Self, String> {
        text.parse().or_else(|error| if is_name(text) { Ok(Self::credential(text)) } else { Err(error) })
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            None => Ok(Self { kind: text.parse()?, name: None }),
            Some((_, "")) => Err(format!("{text} names no object: give KIND/NAME")),
            Some((kind, name)) => Ok(Self { kind: kind.parse()?, name: Some(checked(name)?.to_owned()) }),
        }
    }
}

/// A connection as the user names it: `main`, or `pamconn/main` where both kinds have one of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionName {
    /// The kind, if the user gave one.
    pub kind: Option<ConnectionKind>,
    /// The name.
    pub name: String,
}

impl FromStr for ConnectionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            None => (None, text),
            Some((kind, name)) => match kind.parse()? {
                Kind::ClusterPamConnection => (Some(ConnectionKind::ClusterPamConnection), name),
                Kind::PamConnection => (Some(ConnectionKind::PamConnection), name),
                other => return Err(format!("{other} is no connection: give pamconn/NAME or clusterpamconn/NAME")),
            },
        };
        if name.is_empty() {
            Err("give the name of a connection".to_owned())
        } else {
            Ok(Self { kind, name: checked(name)?.to_owned() })
        }
    }
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{kind:?} {}", self.name),
            None => write!(f, "connection {}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_a_kind_or_one_object() {
        let db = Named { kind: Kind::PamCredential, name: Some("db".to_owned()) };
        assert_eq!("pamcred/db".parse(), Ok(db));
        assert_eq!("pamconn".parse(), Ok(Named { kind: Kind::PamConnection, name: None }));
        for text in ["pamcred/", "db", "pamcred/../x", "pamcred/db?watch=1", "pamcred/db#"] {
            assert!(text.parse::<Named>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_without_a_kind_is_that_of_a_credential_unless_it_is_a_kind() {
        let named = |text: &str| Named::with_bare_name(text).map(|named| (named.kind, named.name));
        assert_eq!(named("db-1"), Ok((Kind::PamCredential, Some("db-1".to_owned()))));
        assert_eq!(named("pamconn"), Ok((Kind::PamConnection, None)));
        assert_eq!(named("mysafe/registrar"), Ok((Kind::MySafePassword, Some("registrar".to_owned()))));
        for text in ["", "Db", "pods/db", "pamcred/", "a b"] {
            assert!(named(text).is_err(), "{text}");
        }
        let object = |text: &str| Named::object(text).map(|named| named.kind);
        assert_eq!((object("pamconn"), object("mysafe/x")), (Ok(Kind::PamCredential), Ok(Kind::MySafePassword)));
    }

    #[test]
    fn a_connection_is_named_with_or_without_its_kind() {
        let named = |text: &str| text.parse::<ConnectionName>().map(|name| (name.kind, name.name));
        assert_eq!(named("main"), Ok((None, "main".to_owned())));
        assert_eq!(named("pamconn/main"), Ok((Some(ConnectionKind::PamConnection), "main".to_owned())));
        for text in ["", "pamconn/", "pamcred/main", "x/main", "pamconn/main#", "ma?in"] {
            assert!(named(text).is_err(), "{text}");
        }
    }
}
