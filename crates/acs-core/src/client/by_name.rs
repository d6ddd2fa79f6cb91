use std::fmt;

use http::Method;
use serde_json::Value;

use super::settings::CallOptions;
use super::target::Target;
use super::{Client, Product};
use crate::encode::Encoded;
use crate::error::{Error, ErrorKind};
use crate::operation::{ApiStyle, Security};
use crate::response::Response;
use crate::text;

/// A call of an operation by its name: for those that are newer than this version of the crate.
///
/// Made by [`Client::call`]. Names and values are checked by the service alone.
#[must_use]
pub struct CallByName<'a, P> {
    client: &'a Client<P>,
    action: &'a str,
    parameters: Value,
    options: CallOptions,
    is_unsigned: bool,
}

impl<P: Product> Client<P> {
    /// Starts a call of an RPC operation by its name, with JSON in and out.
    ///
    /// ```no_run
    /// # async fn example<P: acs_core::Product>(vod: acs_core::Client<P>) -> Result<(), acs_core::Error> {
    /// let answer = vod.call("GetPlayInfo").parameters(serde_json::json!({"VideoId": "93ab"})).send().await?;
    /// println!("{}", answer["PlayInfoList"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<'a>(&'a self, action: &'a str) -> CallByName<'a, P> {
        CallByName {
            client: self,
            action,
            parameters: Value::Null,
            options: CallOptions::new(),
            is_unsigned: false,
        }
    }
}

impl<P: Product> CallByName<'_, P> {
    /// Sets the parameters: a JSON object. Lists and objects in it are sent as `Name.1` and `Name.Key`; where an
    /// operation wants JSON text, give a string.
    pub fn parameters(mut self, parameters: Value) -> Self {
        self.parameters = parameters;
        self
    }

    /// Sets what the call does other than its client. Unless they say so, only operations whose names begin
    /// with `Get`, `List`, `Query`, `Search` or `Describe` count as idempotent.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Sends without a signature: for the few operations that want none.
    pub fn unsigned(mut self) -> Self {
        self.is_unsigned = true;
        self
    }

    /// Sends the call, and returns the answer as JSON. The `Debug` text of the answer shows all of it: which members hold
    /// secrets is known of typed operations only.
    ///
    /// # Errors
    /// As for [`Client::send`]; the parameters are no object; the answer is no JSON.
    pub async fn send(self) -> Result<Response<Value>, Error> {
        let result = self.run().await;
        result.map_err(|error| error.with_action(self.action))
    }

    async fn run(&self) -> Result<Response<Value>, Error> {
        let mut query = Vec::new();
        match &self.parameters {
            Value::Null => {}
            Value::Object(map) => {
                for (name, value) in map {
                    flatten(name.clone(), value, &mut query);
                }
            }
            _ => {
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    "the parameters must be a JSON object",
                ));
            }
        }
        let request = Encoded {
            method: Method::POST,
            path: "/".to_owned(),
            query,
            headers: Vec::new(),
            host: Vec::new(),
            body: None,
        };
        let target = Target {
            product: P::INFO,
            action: self.action,
            style: ApiStyle::Rpc,
            security: if self.is_unsigned {
                Security::Anonymous
            } else {
                Security::AccessKey
            },
            is_idempotent: is_a_read(self.action),
            is_secret: true,
            duplicate_guard: None,
        };
        let inner = &self.client.inner;
        let answer = inner.call(target, request, Some(&self.options)).await?;
        let value = serde_json::from_slice(text::without_mark(&answer.body))
            .map_err(|error| answer.malformed(error));
        let error = value.as_ref().err();
        inner.report(self.action, answer.start, answer.attempts, error);
        value.map(|value| answer.into_response(value))
    }
}

/// Shows the names of parameters, never values: those may be secrets.
impl<P> fmt::Debug for CallByName<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.as_object();
        let names: Vec<&String> = parameters.into_iter().flat_map(|it| it.keys()).collect();
        f.debug_struct("CallByName")
            .field("client", &self.client)
            .field("action", &self.action)
            .field("parameters", &names)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

fn is_a_read(action: &str) -> bool {
    ["Get", "List", "Query", "Search", "Describe"]
        .iter()
        .any(|verb| action.starts_with(verb))
}

/// Absent members keep their number, so that the others keep theirs.
fn flatten(name: String, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::String(text) => out.push((name, text.clone())),
        Value::Bool(_) | Value::Number(_) => out.push((name, value.to_string())),
        Value::Array(items) => {
            for (number, item) in (1..).zip(items) {
                flatten(format!("{name}.{number}"), item, out);
            }
        }
        Value::Object(members) => {
            for (member, value) in members {
                flatten(format!("{name}.{member}"), value, out);
            }
        }
    }
}
