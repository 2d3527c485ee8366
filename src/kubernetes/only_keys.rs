//! What a request says of the answer that it needs.

/// Names the keys of a Secret or ConfigMap that a request is for. A client may leave every other value out of the answer.
#[derive(Clone, Debug)]
pub struct OnlyKeys(pub Vec<String>);
