//! Certificates in PEM: what of a bundle can be used, and what not.
//!
//! A bundle is often joined from several files, by hand or by a script. One bad block must not take the others down, and
//! must not go unsaid. Nothing that is said holds a part of a block: a block may be a private key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// How many blocks are named at most: the text goes into a status.
const MOST_NAMED: usize = 5;

/// The certificates of a bundle.
#[derive(Debug)]
pub(in crate::pam) struct PemBundle {
    pub(in crate::pam) certificates: Vec<CertificateDer<'static>>,
    pub(in crate::pam) unused: UnusedBlocks,
}

/// The blocks of a bundle that cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnusedBlocks(Vec<UnusedBlock>);

/// A block that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct UnusedBlock {
    /// The block's number, from 1.
    number: usize,
    fault: BlockFault,
}

/// Why a block cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockFault {
    Cut,
    NotBase64,
    Damaged,
    PrivateKey,
    Request,
    OtherKind,
}

impl BlockFault {
    const fn words(self) -> &'static str {
        match self {
            Self::Cut => "cut off: its END line is missing",
            Self::NotBase64 => "not base64 between its BEGIN and its END line",
            Self::Damaged => "no whole certificate: cut or damaged",
            Self::PrivateKey => "a private key, which must not be there",
            Self::Request => "a request for a certificate, not the certificate",
            Self::OtherKind => "of another kind than CERTIFICATE",
        }
    }
}

/// Names the blocks by their numbers, with what is wrong with each.
impl fmt::Display for UnusedBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, UnusedBlock { number, fault }) in self.0.iter().take(MOST_NAMED).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}block {number} ({})", fault.words())?;
        }
        match self.0.len().checked_sub(MOST_NAMED) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}

impl UnusedBlocks {
    /// Returns the blocks in a sentence that ends with what is to be done about them; `None` if there are none.
    pub(super) fn sentence(&self, of: &str) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("not used of {of}: {self}; correct or remove it"))
    }

    /// Returns the blocks as an addition to a sentence; empty if there are none.
    pub(super) fn in_brackets(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!(" [{self}]") }
    }
}

impl PemBundle {
    /// Reads a bundle of certificates that are to be trusted.
    pub(in crate::pam) fn of_authorities(pem: &[u8]) -> Self {
        let is_usable = |certificate: &CertificateDer<'static>| RootCertStore::empty().add(certificate.clone()).is_ok();
        Self::read(pem, is_usable)
    }

    /// Reads a certificate of our own and its chain. The server decides what is good for it: it gets all certificates that
    /// are whole.
    pub(in crate::pam) fn of_chain(pem: &[u8]) -> Self {
        Self::read(pem, |certificate| is_whole(certificate))
    }

    fn read(pem: &[u8], is_usable: impl Fn(&CertificateDer<'static>) -> bool) -> Self {
        let mut bundle = Self { certificates: Vec::new(), unused: UnusedBlocks::default() };
        for (index, block) in blocks(pem).enumerate() {
            let certificate = block.certificate();
            let usable =
                certificate.and_then(|read| if is_usable(&read) { Ok(read) } else { Err(BlockFault::Damaged) });
            match usable {
                Ok(certificate) => bundle.certificates.push(certificate),
                Err(fault) => bundle.unused.0.push(UnusedBlock { number: index + 1, fault }),
            }
        }
        bundle
    }

    /// Returns the certificates as PEM, without anything else.
    pub(in crate::pam) fn to_pem(&self) -> String {
        let block = |certificate: &CertificateDer<'_>| {
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
        };
        self.certificates.iter().map(block).collect()
    }
}

/// A block of a bundle.
struct Block<'a> {
    label: &'a [u8],
    /// Everything up to the END line; `None` if there is no such line.
    body: Option<&'a [u8]>,
}

/// Returns the blocks of a bundle. What is outside of blocks is skipped: explanations, blank lines, and the byte order marks
/// of files that were joined. A BEGIN line counts wherever it begins: files without a line break at their end are joined in
/// one line.
fn blocks(pem: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let mut rest = after(pem, BEGIN);
    std::iter::from_fn(move || {
        let block = rest?;
        let next = find(block, BEGIN);
        let own = &block[..next.unwrap_or(block.len())];
        rest = next.map(|at| &block[at + BEGIN.len()..]);
        let label_ends = find(own, DASHES).unwrap_or(own.len());
        let (label, body) = (&own[..label_ends], own.get(label_ends + DASHES.len()..).unwrap_or_default());
        Some(Block { label, body: find(body, END).map(|end| &body[..end]) })
    })
}

impl Block<'_> {
    /// Returns the certificate in the block. A block of another kind is not decoded.
    fn certificate(&self) -> Result<CertificateDer<'static>, BlockFault> {
        match self.label {
            b"CERTIFICATE" => {}
            b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => return Err(BlockFault::Request),
            label if label.ends_with(b"PRIVATE KEY") => return Err(BlockFault::PrivateKey),
            _ => return Err(BlockFault::OtherKind),
        }
        let body = self.body.ok_or(BlockFault::Cut)?;
        let text: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(text).map_err(|_| BlockFault::NotBase64)?;
        if is_whole(&der) { Ok(der.into()) } else { Err(BlockFault::Damaged) }
    }
}

/// Returns true if DER is one sequence whose length is that of the whole.
fn is_whole(der: &[u8]) -> bool {
    let Some((0x30, [first, rest @ ..])) = der.split_first() else {
        return false;
    };
    let (length, content) = match first {
        0x81..=0x84 => {
            let Some((length, content)) = rest.split_at_checked(usize::from(first & 0x7f)) else { return false };
            (length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), content)
        }
        short => (usize::from(*short), rest),
    };
    length == content.len()
}

fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    find(text, mark).map(|at| &text[at + mark.len()..])
}

fn find(text: &[u8], mark: &[u8]) -> Option<usize> {
    text.windows(mark.len()).position(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = include_str!("../transport/testdata/self-signed-ca.pem");
    const OTHER: &str = include_str!("../transport/testdata/stranger-ca.pem");

    /// The number of certificates that can be used, and what is said of the rest.
    fn read(pem: impl AsRef<[u8]>) -> (usize, String) {
        let bundle = PemBundle::of_authorities(pem.as_ref());
        let chain = PemBundle::of_chain(pem.as_ref());
        assert_eq!(chain.unused, bundle.unused, "the same rule for both");
        assert_eq!(PemBundle::of_authorities(bundle.to_pem().as_bytes()).certificates, bundle.certificates);
        (bundle.certificates.len(), bundle.unused.to_string())
    }

    fn block(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    /// The text between BEGIN and END.
    fn body(pem: &str) -> &str {
        pem.split("-----").nth(2).unwrap()
    }

    #[test]
    fn a_bad_block_of_each_kind_is_named_and_the_others_are_used() {
        // A whole number of groups of four, after seven line breaks; and one letter more.
        let (part, odd) = (&body(ONE)[..391], &body(ONE)[..392]);
        let without_end = ONE.split("-----END").next().unwrap();
        let cases = [
            (without_end.to_owned(), "cut off"),
            (ONE[..ONE.len() / 2].to_owned() + "\n", "cut off"),
            (block("CERTIFICATE", part), "cut or damaged"),
            (block("CERTIFICATE", odd), "not base64"),
            (block("CERTIFICATE", &format!("{}\nCANARY !", body(ONE))), "not base64"),
            (block("CERTIFICATE", ""), "cut or damaged"),
            (block("CERTIFICATE", "Q0FOQVJZ"), "cut or damaged"),
            (block("CERTIFICATE", "MAA="), "cut or damaged"),
            (block("PRIVATE KEY", "CANARY"), "a private key"),
            (block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nCANARY"), "a private key"),
            (block("ENCRYPTED PRIVATE KEY", body(ONE)), "a private key"),
            (block("EC PRIVATE KEY", "CANARY"), "a private key"),
            (block("CERTIFICATE REQUEST", "CANARY"), "a request"),
            (block("X509 CRL", "CANARY"), "another kind"),
            (block("PUBLIC KEY", "CANARY"), "another kind"),
            (block("CANARY", body(ONE)), "another kind"),
        ];
        for (bad, why) in cases {
            for (number, joined) in [(1, [&bad, ONE, OTHER]), (2, [ONE, &bad, OTHER]), (3, [ONE, OTHER, &bad])] {
                let bundle = PemBundle::of_authorities(joined.concat().as_bytes());
                let said = bundle.unused.to_string();
                assert_eq!(bundle.certificates.len(), 2, "{why} at {number}");
                assert!(said.starts_with(&format!("block {number} (")) && said.contains(why), "{why}: {said}");
                assert!(!said.contains("CANARY") && !said.contains(", block"), "{said}");
            }
            let alone = PemBundle::of_authorities(bad.as_bytes());
            assert!(alone.certificates.is_empty() && alone.unused.to_string().contains(why), "{why}");
        }
    }

    #[test]
    fn what_is_between_blocks_does_no_harm() {
        let bom = "\u{feff}";
        let joined = [
            format!("{bom}{ONE}{OTHER}"),
            format!("{bom}{ONE}{bom}{OTHER}"),
            format!("# explained\nsubject=CN = one\n{ONE}\n\n\u{0}\u{fffd} garbage --- - ----- \n{OTHER}-----"),
            format!("{}{OTHER}", ONE.trim_end()),
            format!("{ONE}{OTHER}").replace('\n', "\r\n"),
            format!("{ONE}{OTHER}").replace('\n', "\n    "),
            format!("{ONE}{OTHER}").replace('\n', " "),
        ];
        for pem in joined {
            assert_eq!(read(&pem), (2, String::new()), "{pem:?}");
        }
        assert_eq!(read([b"\xff\xfe\x80", ONE.as_bytes(), b"\xff"].concat()), (1, String::new()));
    }

    #[test]
    fn without_a_block_there_is_nothing_to_name() {
        for pem in [&b""[..], b"hello", b"-----BEGIN", b"-----END CERTIFICATE-----", b"\x30\x82\x01\x00"] {
            assert_eq!(read(pem), (0, String::new()));
        }
        assert_eq!(read("-----BEGIN ").0, 0);
    }

    #[test]
    fn a_bundle_full_of_bad_blocks_has_a_short_text() {
        let said = read(block("PUBLIC KEY", "x").repeat(1000)).1;
        assert!(said.ends_with("block 5 (of another kind than CERTIFICATE) and 995 more"), "{said}");
    }

    #[test]
    fn a_sequence_is_whole_if_its_length_is_that_of_the_rest() {
        let long = [vec![0x30, 0x82, 0x01, 0x00], vec![0; 256]].concat();
        for whole in [&[0x30, 0][..], &[0x30, 1, 9], &[0x30, 0x81, 1, 9], &long] {
            assert!(is_whole(whole));
        }
        for broken in
            [&[][..], &[0x30], &[0x31, 0], &[0x30, 1], &[0x30, 0, 9], &[0x30, 0x82, 1], &long[..long.len() - 1]]
        {
            assert!(!is_whole(broken));
        }
    }
}
