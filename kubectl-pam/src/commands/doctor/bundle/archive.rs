//! The file itself: a compressed archive that only its owner may read.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use tar::{Builder, Header};

use crate::exit::{Exit, Failure};

/// The folder in the archive.
const FOLDER: &str = "kubectl-pam-doctor";

/// A file of the archive.
pub struct File {
    /// Its name.
    pub name: String,
    /// What it is, for the index.
    pub about: &'static str,
    /// Its content.
    pub content: Vec<u8>,
}

/// Writes the files into an archive of that name, which must not exist yet.
pub fn write(path: &Path, files: &[File]) -> Result<(), Failure> {
    let shown = path.display();
    let bytes = packed(files).map_err(|error| Failure::new(Exit::No, format!("{shown} cannot be made: {error}")))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(&bytes));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::new(Exit::No, format!("{shown} exists already: give another name")),
        _ => Failure::new(Exit::No, format!("{shown} cannot be written: {error}")),
    })
}

fn packed(files: &[File]) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
    for file in files {
        let mut header = Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(now);
        header.set_cksum();
        archive.append_data(&mut header, format!("{FOLDER}/{}", file.name), file.content.as_slice())?;
    }
    archive.into_inner()?.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn what_is_packed_is_there_again() {
        let file = File { name: "index.txt".to_owned(), about: "", content: b"list".to_vec() };
        let bytes = packed(&[file]).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        assert_eq!(
            (entry.path().unwrap().display().to_string().as_str(), text.as_str()),
            ("kubectl-pam-doctor/index.txt", "list")
        );
    }
}
