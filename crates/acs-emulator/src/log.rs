//! The last requests and how they ended, for tests and for people who look at `/_emulator/requests`.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::clock;

/// How many requests the log remembers; the counters know all of them.
const CAPACITY: usize = 1000;

/// One request that the emulator answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// When the answer was ready, by the emulator's clock (UTC).
    pub time: DateTime<Utc>,
    /// The request id that the answer carried.
    pub request_id: String,
    /// `sts`, `vod`, `mts`, `oss`, `cdn` or `emulator`; empty if the request named none.
    pub service: String,
    /// The operation, for example `CreateUploadVideo` or `UploadPart`.
    pub action: String,
    /// The HTTP method.
    pub method: String,
    /// Path and the harmless part of the query: never a signature, token or credential.
    pub path: String,
    /// The AccessKey id that the request named, if any.
    pub access_key_id: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The error code of the answer, if it was a refusal.
    pub code: Option<String>,
    /// Whether signature, date, nonce and token held.
    pub verified: bool,
    /// Why the request was not verified.
    pub not_verified_because: Option<String>,
}

/// How many requests came, and how they fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Requests answered.
    pub requests: u64,
    /// Requests whose signature, date, nonce and token held.
    pub verified: u64,
    /// Requests that came signed and were not accepted as such.
    pub rejected: u64,
}

#[derive(Default)]
pub(crate) struct RequestLog(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    records: VecDeque<RequestRecord>,
    totals: Totals,
}

impl RequestLog {
    pub(crate) fn push(&self, record: RequestRecord) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.totals.requests += 1;
        if record.verified {
            inner.totals.verified += 1;
        } else if record.access_key_id.is_some() {
            inner.totals.rejected += 1;
        }
        if inner.records.len() == CAPACITY {
            inner.records.pop_front();
        }
        inner.records.push_back(record);
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.records.iter().cloned().collect()
    }

    pub(crate) fn totals(&self) -> Totals {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).totals
    }

    /// Writes what `GET /_emulator/requests` answers, oldest request first.
    pub(crate) fn to_json(&self) -> Value {
        let totals = self.totals();
        let records: Vec<Value> = self.records().iter().map(RequestRecord::to_json).collect();
        json!({
            "total": totals.requests,
            "verified": totals.verified,
            "rejected": totals.rejected,
            "requests": records,
        })
    }
}

impl RequestRecord {
    fn to_json(&self) -> Value {
        json!({
            "time": clock::iso_millis(self.time),
            "request_id": self.request_id,
            "service": self.service,
            "action": self.action,
            "method": self.method,
            "path": self.path,
            "access_key_id": self.access_key_id,
            "status": self.status,
            "code": self.code,
            "verified": self.verified,
            "not_verified_because": self.not_verified_because,
        })
    }
}
