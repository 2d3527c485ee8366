//! A version of an object in a third of the memory.

use crate::kubernetes::Version;

/// A version of an object as it is kept for long: a uid and a resourceVersion in their usual forms as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PackedVersion {
    /// A uid that is a UUID in lower case, and a resourceVersion that is a number.
    Usual { uid: [u8; 16], resource_version: u64 },
    /// A version in any other form.
    Other(Box<Version>),
}

impl PackedVersion {
    /// Packs a version; [`PackedVersion::unpack`] returns exactly that version.
    pub(crate) fn of(version: Version) -> Self {
        let usual = usual(&version).filter(|usual| usual.unpack() == version);
        usual.unwrap_or_else(|| Self::Other(Box::new(version)))
    }

    /// Returns the version.
    pub(crate) fn unpack(&self) -> Version {
        match self {
            Self::Usual { uid, resource_version } => {
                Version { uid: uuid(*uid), resource_version: resource_version.to_string() }
            }
            Self::Other(version) => Version::clone(version),
        }
    }
}

fn usual(version: &Version) -> Option<PackedVersion> {
    let uid = u128::from_str_radix(&version.uid.replace('-', ""), 16).ok()?.to_be_bytes();
    Some(PackedVersion::Usual { uid, resource_version: version.resource_version.parse().ok()? })
}

/// Writes a UUID as RFC 9562 does (section 4).
fn uuid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(uid: &str, resource_version: &str) -> Version {
        Version { uid: uid.to_owned(), resource_version: resource_version.to_owned() }
    }

    #[test]
    fn a_version_is_unpacked_as_it_was_and_a_usual_one_is_small() {
        for (uid, resource_version, is_usual) in [
            ("0f3a7b1c-0d2e-4f60-8a9b-c0d1e2f30415", "18446744073709551615", true),
            ("00000000-0000-0000-0000-000000000000", "0", true),
            ("0F3A7B1C-0D2E-4F60-8A9B-C0D1E2F30415", "1", false),
            ("0f3a7b1c0d2e4f608a9bc0d1e2f30415", "1", false),
            ("0f3a7b1c-0d2e-4f60-8a9b-c0d1e2f3041", "1", false),
            ("0f3a7b1c-0d2e-4f60-8a9b-c0d1e2f30415", "01", false),
            ("0f3a7b1c-0d2e-4f60-8a9b-c0d1e2f30415", "+1", false),
            ("0f3a7b1c-0d2e-4f60-8a9b-c0d1e2f30415", "18446744073709551616", false),
            ("+f3a7b1c-0d2e-4f60-8a9b-c0d1e2f30415", "1", false),
            ("u", "v", false),
            ("", "", false),
        ] {
            let packed = PackedVersion::of(version(uid, resource_version));
            assert_eq!(packed.unpack(), version(uid, resource_version));
            assert_eq!(matches!(packed, PackedVersion::Usual { .. }), is_usual, "{uid} {resource_version}");
        }
        assert_eq!(size_of::<PackedVersion>(), 32);
    }
}
