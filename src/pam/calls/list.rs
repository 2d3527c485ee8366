//! What the PAM answers to a list of credentials or entries, decoded while it arrives: decoding takes memory for one batch of
//! records and one chunk, not for the whole answer.

use std::fmt;
use std::io::{self, BufReader, Read};

use bytes::Bytes;
use reqwest::Response;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::part_limit::{PartLimit, PartTooLong};
use crate::pam::credential::ListedCredential;
use crate::pam::error::{Call, PamError};
use crate::pam::safe_password::ListedEntry;
use crate::pam::transport::failed;
use crate::pam::wire::{Envelope, Exception, Status, if_object, is_page};

/// A record of a list.
pub(in crate::pam) trait ListRow: serde::de::DeserializeOwned + Send + 'static {
    /// The call that asks for the list.
    const CALL: Call;
    /// The part of the answer that holds the records.
    const KEY: Key;

    /// Returns how many bytes of text the record has.
    fn text_length(&self) -> usize;
}

impl ListRow for ListedCredential {
    const CALL: Call = Call::ListCredentials;
    const KEY: Key = Key::Credentials;

    fn text_length(&self) -> usize {
        Self::text_length(self)
    }
}

impl ListRow for ListedEntry {
    const CALL: Call = Call::ListEntries;
    const KEY: Key = Key::Entries;

    fn text_length(&self) -> usize {
        Self::text_length(self)
    }
}

/// How large a list may be. A record that is small on the wire may be large in memory: ten bytes become some hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pam) struct ListLimits {
    bytes: usize,
    records: usize,
}

impl ListLimits {
    /// The limits of the connections of the operator's owner.
    pub(in crate::pam) const OWNER: Self = Self { bytes: 256 << 20, records: 1 << 20 };
    /// The limits of a tenant's connection, which may lead to a host that sends whatever it likes: one tenant must not be
    /// able to use up the memory that all share.
    pub(in crate::pam) const TENANT: Self = Self { bytes: 32 << 20, records: 50_000 };
}

/// Records handed over together: one at a time would cost a thread switch for each record.
const BATCH: usize = 256;
/// The bytes of text from which records are handed over, however few they are.
const BATCH_TEXT: usize = 256 << 10;

/// What the answer says beside its records.
pub(in crate::pam) struct Listing {
    pub(in crate::pam) count: usize,
    pub(in crate::pam) envelope: Envelope,
    /// False if the answer holds no records at all.
    has_records: bool,
}

impl Listing {
    /// Returns true if the answer is a list: it holds records, or its message says that there are none.
    pub(in crate::pam) fn is_list(&self) -> bool {
        self.has_records || self.envelope.message().starts_with("0 ")
    }
}

/// Reads a list to its end and gives each record to `sink`. A list that ends early or is damaged is an error, never a
/// short list; after an error the caller throws away the records that `sink` has got.
pub(in crate::pam) async fn read_list<R: ListRow>(
    response: Response,
    limits: ListLimits,
    sink: &mut (dyn FnMut(R) + Send),
) -> Result<Listing, PamError> {
    let (chunks_in, chunks) = channel(8);
    let (batches_in, mut batches) = channel::<Vec<R>>(4);
    // The decoder pulls and the network pushes, so one of them must wait for the other on a thread of its own.
    // The thread ends by itself when either channel closes, and so also when this call is dropped.
    let decoder = tokio::task::spawn_blocking(move || decode(chunks, batches_in));
    let hand_over = async {
        let mut left = limits.records;
        while let Some(batch) = batches.recv().await {
            left = left.checked_sub(batch.len()).ok_or(PamError::TooLarge(R::CALL))?;
            batch.into_iter().for_each(&mut *sink);
        }
        Ok(())
    };
    tokio::try_join!(pump(R::CALL, response, limits.bytes, chunks_in), hand_over)?;
    let listing = decoder.await.ok().flatten();
    listing.ok_or(PamError::Malformed { call: R::CALL, what: "is no complete list" })
}

/// A piece of the body.
enum Chunk {
    Data(Bytes),
    End,
}

/// Moves the body into the decoder. The end is sent as a chunk of its own: a channel that just closes is a body cut off.
async fn pump(call: Call, mut response: Response, mut left: usize, decoder: Sender<Chunk>) -> Result<(), PamError> {
    let status = response.status().as_u16();
    let (mut is_first, mut parts) = (true, PartLimit::default());
    while let Some(data) = response.chunk().await.map_err(|error| failed(call, &error))? {
        left = left.checked_sub(data.len()).ok_or(PamError::TooLarge(call))?;
        parts.admit(&data).map_err(|PartTooLong| PamError::TooLarge(call))?;
        // A page is something else than a list that is damaged: it says nothing of what the PAM holds.
        if std::mem::take(&mut is_first) && is_page(&data) {
            return Err(PamError::Intercepted { call, status });
        }
        if decoder.send(Chunk::Data(data)).await.is_err() {
            return Ok(()); // The decoder gave up, and its result says why.
        }
    }
    let _ = decoder.send(Chunk::End).await;
    Ok(())
}

/// Decodes the chunks; `None` if they are no complete list, or nobody takes the batches.
fn decode<R: ListRow>(chunks: Receiver<Chunk>, batches: Sender<Vec<R>>) -> Option<Listing> {
    let mut records = Records { batches, batch: Vec::with_capacity(BATCH), text: 0, count: 0 };
    let reader = BufReader::with_capacity(64 << 10, ChunkReader { chunks, current: Bytes::new(), ended: false });
    let mut json = serde_json::Deserializer::from_reader(reader);
    let mut listing = ListSeed(&mut records).deserialize(&mut json).ok()?;
    json.end().ok()?;
    records.flush().ok()?;
    listing.count = records.count;
    Some(listing)
}

/// Reads the chunks as a stream of bytes, on a thread that may block.
struct ChunkReader {
    chunks: Receiver<Chunk>,
    current: Bytes,
    ended: bool,
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.chunks.blocking_recv() {
                Some(Chunk::Data(data)) => self.current = data,
                Some(Chunk::End) => self.ended = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let length = buffer.len().min(self.current.len());
        buffer[..length].copy_from_slice(&self.current.split_to(length));
        Ok(length)
    }
}

/// Counts the decoded records and hands them over in batches.
struct Records<R> {
    batches: Sender<Vec<R>>,
    batch: Vec<R>,
    /// The bytes of text in `batch`.
    text: usize,
    count: usize,
}

/// The call that wanted the list was dropped.
struct Abandoned;

impl<R: ListRow> Records<R> {
    fn push(&mut self, record: R) -> Result<(), Abandoned> {
        self.count += 1;
        self.text += record.text_length();
        self.batch.push(record);
        if self.batch.len() < BATCH && self.text < BATCH_TEXT { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Abandoned> {
        self.text = 0;
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.batches.blocking_send(batch).map_err(|_| Abandoned)
    }
}

/// Decodes the answer as a whole.
struct ListSeed<'a, R>(&'a mut Records<R>);

impl<'de, R: ListRow> DeserializeSeed<'de> for ListSeed<'_, R> {
    type Value = Listing;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Listing, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, R: ListRow> Visitor<'de> for ListSeed<'_, R> {
    type Value = Listing;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listing, A::Error> {
        let (mut response, mut exception, mut has_records) = (None, None, false);
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Response => response = map.next_value::<Part<Status>>()?.0,
                Key::Exception => exception = map.next_value::<Part<Exception>>()?.0,
                key if key == R::KEY => has_records |= map.next_value_seed(RecordsSeed(self.0))?,
                Key::Credentials | Key::Entries | Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Listing { count: 0, envelope: Envelope::of_parts(response, exception), has_records })
    }
}

/// The key of a part of the answer.
#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::pam) enum Key {
    Response,
    Exception,
    Credentials,
    /// Entries of MySafe: the samples have the first name, the list of fields on the same pages has the other (API 5.2).
    #[serde(rename = "password_on_list", alias = "passwords_on_list")]
    Entries,
    #[serde(other)]
    Other,
}

/// A part of the answer that may be anything, and counts only as an object.
struct Part<T>(Option<T>);

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if_object(deserializer).map(Self)
    }
}

/// Decodes the array of records; true if there is one, false for `null`.
struct RecordsSeed<'a, R>(&'a mut Records<R>);

impl<'de, R: ListRow> DeserializeSeed<'de> for RecordsSeed<'_, R> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: ListRow> Visitor<'de> for RecordsSeed<'_, R> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        while let Some(record) = seq.next_element()? {
            self.0.push(record).map_err(|Abandoned| serde::de::Error::custom("abandoned"))?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::part_limit::LARGEST_PART;
    use super::*;
    use std::thread;

    const CALL: Call = Call::ListCredentials;

    /// Decodes a body that arrives in pieces of `size` bytes; `whole` tells whether it is ended properly.
    fn decode_pieces(body: &str, size: usize, whole: bool) -> Option<(Listing, Vec<ListedCredential>)> {
        let (chunks_in, chunks) = channel(4);
        let (batches_in, mut batches) = channel(4);
        let decoder = thread::spawn(move || decode(chunks, batches_in));
        let body = body.as_bytes().to_vec();
        let feeder = thread::spawn(move || {
            for piece in body.chunks(size) {
                let _ = chunks_in.blocking_send(Chunk::Data(Bytes::copy_from_slice(piece)));
            }
            if whole {
                let _ = chunks_in.blocking_send(Chunk::End);
            }
        });
        let mut records = Vec::new();
        while let Some(batch) = batches.blocking_recv() {
            records.extend(batch);
        }
        feeder.join().unwrap();
        decoder.join().unwrap().map(|listing| (listing, records))
    }

    fn body(count: usize) -> String {
        let row = |id: usize| format!(r#"{{"id":"{id}","identifier":"i{id}","username":"ü\"{{","type":"Local User"}}"#);
        let rows: Vec<_> = (0..count).map(row).collect();
        let rows = rows.join(",");
        format!(r#"{{"code":200,"credentials":[{rows}],"response":{{"status":200,"message":"{count} credentials"}}}}"#)
    }

    #[test]
    fn every_record_arrives_however_the_body_is_cut_into_pieces() {
        for size in [1, 7, 4096] {
            let (listing, records) = decode_pieces(&body(600), size, true).unwrap();
            assert_eq!((listing.count, records.len()), (600, 600));
            assert!(listing.is_list() && !listing.envelope.says_error());
            assert_eq!(records[599].identifier.as_deref(), Some("i599"));
            assert_eq!(records[599].username, "ü\"{");
        }
    }

    #[tokio::test]
    async fn a_list_that_is_too_long_is_none_by_its_bytes_or_by_its_records() {
        let read = async |limits| {
            let mut records = 0;
            let response = Response::from(http::Response::new(body(600)));
            let read = read_list(response, limits, &mut |_: ListedCredential| records += 1).await;
            read.map(|listing| (listing.count, records)).map_err(|error| error == PamError::TooLarge(CALL))
        };
        let bytes = body(600).len();
        assert_eq!(read(ListLimits { bytes, records: 600 }).await, Ok((600, 600)));
        assert_eq!(read(ListLimits { bytes, records: 599 }).await, Err(true));
        assert_eq!(read(ListLimits { bytes: bytes - 1, records: 600 }).await, Err(true));
    }

    #[tokio::test]
    async fn a_part_that_is_too_long_makes_no_list() {
        let read = async |length: usize| {
            let long = format!(r#"{{"response":{{"message":"{}"}},"credentials":[]}}"#, "x".repeat(length));
            let response = Response::from(http::Response::new(long));
            read_list(response, ListLimits::OWNER, &mut |_: ListedCredential| ()).await.map(|listing| listing.count)
        };
        assert_eq!(read(LARGEST_PART / 2).await, Ok(0));
        assert_eq!(read(LARGEST_PART).await, Err(PamError::TooLarge(CALL)));
    }

    #[test]
    fn a_list_that_ends_early_is_none_at_every_byte() {
        let body = body(3);
        for end in (0..body.len()).filter(|end| body.is_char_boundary(*end)) {
            assert!(decode_pieces(&body[..end], 16, true).is_none(), "{end}");
        }
        assert!(decode_pieces(&body, 16, false).is_none(), "a body without a proper end");
        assert!(decode_pieces(&format!("{body}x"), 16, true).is_none(), "something after the end");
    }

    #[test]
    fn an_empty_list_is_one_only_if_it_says_so() {
        let is_list = |body: &str| decode_pieces(body, 64, true).is_some_and(|(listing, _)| listing.is_list());
        assert!(is_list(r#"{"credentials":[]}"#));
        assert!(is_list(r#"{"response":{"message":"0 credentials found"},"credentials":null}"#));
        assert!(!is_list(r#"{"response":{"message":"ok"}}"#));
        assert!(!is_list("{}") && !is_list("[]") && !is_list("<html>") && !is_list(""));
        assert!(!is_list(r#"{"credentials":[{"username":"no id"}]}"#));
        assert!(!is_list(r#"{"credentials":["x"]}"#));
    }
}
