//! The body of a POST: JSON, or a form that stands for it.

use serde_json::{Map, Value};

use super::schema::{Fields, check_keys, typed};
use crate::answer::Refusal;
use crate::call::Call;
use crate::form::ValueForm;
use crate::rules::Dialect;

/// Reads the body as an object with these fields. A form has texts only, so its texts get the types of their keys.
pub(crate) fn object(call: &Call, dialect: Dialect, fields: Fields) -> Result<Map<String, Value>, Refusal> {
    let is_form = call.is_form() && dialect.permits.forms;
    if !is_form && !call.is_type("application/json") {
        return Err(Refusal::simulator("this call takes a body of type application/json"));
    }
    let Some(Value::Object(body)) = &call.json else {
        return Err(Refusal::simulator("the body is no JSON object"));
    };
    if !is_form {
        return checked(fields, body.clone(), dialect);
    }
    if serde_json::from_slice::<Value>(&call.body).is_ok() {
        return Err(Refusal::simulator("the body is JSON under the media type of a form"));
    }
    let plain = Dialect { booleans: ValueForm::Plain, numbers: ValueForm::Plain, ..dialect };
    checked(fields, typed(fields, body.clone()), plain)
}

fn checked(fields: Fields, body: Map<String, Value>, dialect: Dialect) -> Result<Map<String, Value>, Refusal> {
    check_keys(fields, &body, dialect).map(|()| body).map_err(Refusal::simulator)
}
