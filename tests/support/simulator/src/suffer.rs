//! Serving one call, with the fault that hits it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::info;

use crate::answer::{Answer, JSON, Refusal, Style};
use crate::call::{Call, Kind};
use crate::fault::{Effect, Fault, Phase, Shape};
use crate::gateway;
use crate::safe;
use crate::state::{Admission, Held, Shared};

/// What the connection is to do.
pub(crate) enum Verdict {
    /// Send this, in this manner.
    Answer(Answer, Manner),
    /// Reset the connection.
    Reset,
    /// Close the connection without a word.
    Close,
    /// Say nothing until the client leaves.
    Silence,
}

impl Verdict {
    const fn whole(answer: Answer) -> Self {
        Self::Answer(answer, Manner::Whole)
    }

    const fn status(&self) -> Option<u16> {
        match self {
            Self::Answer(answer, _) => Some(answer.status),
            Self::Reset | Self::Close | Self::Silence => None,
        }
    }
}

/// How a body goes over the wire.
pub(crate) enum Manner {
    /// At once.
    Whole,
    /// Half of it, under the length of all of it; then the connection closes.
    Truncated,
    /// In pieces of so many bytes with a pause between them.
    Drip(usize, Duration),
    /// With so many bytes of padding in the middle.
    Padded(u64),
}

/// Serves a call to its end. Runs to that end even if the client leaves.
pub(crate) async fn serve(shared: Arc<Shared>, call: Call) -> Verdict {
    let (seq, fault) = shared.lock().arrive(&call);
    let label = fault.as_ref().map(Fault::label);
    let (kind, method, path) = (call.route.kind(), call.method.clone(), call.path.clone());
    let work = Work { shared: Arc::clone(&shared), seq, call: Arc::new(call) };
    let verdict = match fault {
        None => Verdict::whole(work.execute(work.admit())),
        Some(fault) => work.suffer(fault).await,
    };
    let status = verdict.status();
    shared.lock().ended(seq, status);
    info!(seq, ?kind, method, path, status, fault = label, "call");
    verdict
}

/// A call under way.
struct Work {
    shared: Arc<Shared>,
    seq: u64,
    call: Arc<Call>,
}

impl Work {
    /// What the gateway makes of the call: asked at arrival, also where the application comes to it late.
    fn admit(&self) -> Admission {
        self.shared.lock().admit(&self.call)
    }

    /// What an unharmed PAM would do.
    fn execute(&self, admission: Admission) -> Answer {
        self.shared.lock().execute(self.seq, &self.call, admission)
    }

    async fn execute_after(&self, pause: Duration) -> Answer {
        let admission = self.admit();
        sleep(pause).await;
        self.execute(admission)
    }

    /// Executes the call if this fault comes after the commit.
    async fn suffer(&self, fault: Fault) -> Verdict {
        let later = matches!(fault.effect, Effect::LateCommit(_) | Effect::HeldCommit | Effect::Suspend);
        let after = fault.phase == Phase::AfterCommit && !later;
        let executed = (after || fault.effect.edits_answer()).then(|| self.execute(self.admit()));
        match (fault.effect, executed) {
            (Effect::Reset, _) => Verdict::Reset,
            (Effect::Close, _) => Verdict::Close,
            (Effect::Hang(pause), _) => {
                sleep(pause).await;
                Verdict::Close
            }
            (Effect::Delay(pause), Some(answer)) => {
                sleep(pause).await;
                Verdict::whole(answer)
            }
            (Effect::Delay(pause), None) => Verdict::whole(self.execute_after(pause).await),
            (Effect::LateCommit(pause), _) => self.commit_late(pause),
            (Effect::HeldCommit, _) => {
                self.hold();
                Verdict::Reset
            }
            (Effect::Silence, executed) => {
                if executed.is_none() {
                    self.hold();
                }
                Verdict::Silence
            }
            (Effect::Suspend, _) => Verdict::whole(self.execute_resumed().await),
            (effect, Some(answer)) if effect.edits_answer() => edited(effect, answer),
            (effect, _) => self.replaced(effect),
        }
    }

    async fn execute_resumed(&self) -> Answer {
        let admission = self.admit();
        let resumed = self.shared.lock().suspend(self.seq, self.call.route.kind());
        // Nobody says so any more when the simulator ends.
        _ = resumed.await;
        self.execute(admission)
    }

    fn hold(&self) {
        let mut state = self.shared.lock();
        let admission = state.admit(&self.call);
        state.held.push(Held { seq: self.seq, call: Arc::clone(&self.call), admission });
    }

    fn commit_late(&self, pause: Duration) -> Verdict {
        let later = Self { shared: Arc::clone(&self.shared), seq: self.seq, call: Arc::clone(&self.call) };
        // Before the reset is seen: what happens from then on is later than the arrival.
        let admission = self.admit();
        tokio::spawn(async move {
            sleep(pause).await;
            later.execute(admission)
        });
        Verdict::Reset
    }

    /// An answer that has nothing to do with the true one.
    fn replaced(&self, effect: Effect) -> Verdict {
        let kind = self.call.route.kind();
        let (style, success) = (self.shared.lock().style(kind), success_status(kind));
        let refusal = |refusal: &Refusal| self.shared.lock().refusal(kind, refusal);
        Verdict::whole(match effect {
            Effect::Status { status, shape, message, retry_after } => {
                let answer = status_answer(style, status, shape, message);
                retry_after.into_iter().fold(answer, |answer, value| answer.header("retry-after", value))
            }
            Effect::Code(code) if kind.is_of_safe() => refusal(&safe::coded(code)),
            Effect::Code(code) => refusal(&Refusal::coded(code)),
            Effect::CodeInSuccess(code) => Refusal::coded(code).answer_as(style, success),
            Effect::NotAuthorized => refusal(&Refusal::not_authorized()),
            Effect::UnexpectedError => refusal(&Refusal::unexpected()),
            Effect::Firewall => firewall_page(),
            Effect::Redirect(to) => Answer::raw(302, HTML, "").header("location", to),
            Effect::Raw { status, content_type, body } => Answer::raw(status, &content_type, body),
            Effect::Empty => Answer::raw(success, JSON, ""),
            Effect::Oversized(bytes) => {
                let frame = Answer::raw(success, JSON, r#"{"padding":""}"#);
                return Verdict::Answer(frame, Manner::Padded(bytes));
            }
            _ => Answer::raw(success, JSON, &b"\x00\xff<!-- \xc3\x28 not json"[..]),
        })
    }
}

const HTML: &str = "text/html; charset=utf-8";

/// The page that firewalls show: who refused, and a number for their support.
fn firewall_page() -> Answer {
    let number = rand::random::<u64>();
    let page = format!(
        "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Please consult with \
         your administrator.<br><br>Your support ID is: {number}<br><br><a href='javascript:history.back();'>[Go Back]\
         </a></body></html>"
    );
    Answer::raw(403, HTML, page).header("connection", "close").header("cache-control", "no-cache")
}

fn status_answer(style: Style, status: u16, shape: Shape, message: Option<String>) -> Answer {
    match shape {
        Shape::Gateway => gateway::says(status, message.as_deref()),
        Shape::Html => Answer::raw(status, HTML, format!("<html><h1>{status}</h1></html>")),
        Shape::Application => {
            let message = message.unwrap_or_else(|| "Unexpected error.".to_owned());
            Refusal { status, code: status, message, record: None }.answer(style)
        }
    }
}

const fn success_status(kind: Kind) -> u16 {
    if matches!(kind, Kind::PostCredential | Kind::PostDevice | Kind::PostSafePassword) { 201 } else { 200 }
}

fn edited(effect: Effect, answer: Answer) -> Verdict {
    match effect {
        Effect::Truncated => Verdict::Answer(answer, Manner::Truncated),
        Effect::Drip { bytes, pause } => Verdict::Answer(answer, Manner::Drip(bytes.max(1), pause)),
        Effect::CutJson => {
            let half = answer.body.slice(..answer.body.len() / 2);
            Verdict::whole(Answer { body: half, ..answer })
        }
        effect => Verdict::whole(answer.edited(|whole| edit(effect, whole))),
    }
}

/// Puts a text in the place of the fields at a path.
fn replace(value: &mut serde_json::Value, path: &str, text: &str) {
    let (key, rest) = path.split_once('/').map_or((path, None), |(key, rest)| (key, Some(rest)));
    let fields: Vec<&mut serde_json::Value> = match value {
        serde_json::Value::Object(object) => object.get_mut(key).into_iter().collect(),
        serde_json::Value::Array(items) if key == "*" => items.iter_mut().collect(),
        serde_json::Value::Array(items) => {
            key.parse().ok().and_then(|at: usize| items.get_mut(at)).into_iter().collect()
        }
        _ => Vec::new(),
    };
    for field in fields {
        match rest {
            Some(rest) => replace(field, rest, text),
            None => *field = text.into(),
        }
    }
}

fn edit(effect: Effect, whole: &mut serde_json::Map<String, serde_json::Value>) {
    if let Effect::OtherField { path, text } = &effect {
        let mut value = serde_json::Value::Object(std::mem::take(whole));
        replace(&mut value, path, text);
        if let serde_json::Value::Object(edited) = value {
            *whole = edited;
        }
        return;
    }
    if let Effect::OtherTenant(tenant) = effect {
        whole.insert("tenant".to_owned(), tenant.into());
        return;
    }
    let about = ["device", "password_entity"].into_iter().find(|key| whole.contains_key(*key)).unwrap_or("credential");
    let section = if matches!(effect, Effect::OtherMessage(_)) { "response" } else { about };
    let Some(section) = whole.get_mut(section).and_then(serde_json::Value::as_object_mut) else {
        return;
    };
    let identifier = if section.contains_key("tag") { "tag" } else { "identifier" };
    match effect {
        Effect::WithoutId if about == "password_entity" => _ = section.remove("identifier"),
        Effect::WithoutId => _ = section.remove("id"),
        Effect::OtherId(id) => _ = section.insert("id".to_owned(), id.into()),
        Effect::OtherIdentifier(other) => _ = section.insert(identifier.to_owned(), other.into()),
        Effect::NullIdentifier => _ = section.insert(identifier.to_owned(), serde_json::Value::Null),
        Effect::OtherMessage(message) => {
            for key in ["message", "mensagem", "Message"] {
                if let Some(text) = section.get_mut(key) {
                    *text = message.as_str().into();
                }
            }
        }
        _ => {}
    }
}
