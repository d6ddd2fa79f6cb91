//! What is done after a failed attempt: a pure function of what failed.

use std::time::Duration;

use http::HeaderMap;

use super::pace::Stall;
use crate::error::{BoxError, Error, ErrorKind, ServiceError};
use crate::transport::{TransportError, TransportErrorKind};

/// How one attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Before anything was sent, for a reason that a repeat won't cure.
    Local(Error),
    /// The transport had no answer.
    Transport(TransportError),
    /// The attempt's time ran out.
    TimedOut(Duration, Option<Head>),
    /// What was sent, or the answer, did not keep to the floor of throughput.
    Stalled(Stall, Option<Head>),
    /// The answer broke off in its body.
    BrokenAnswer(BoxError, Head),
    /// The service reported an error.
    Service(Box<Refusal>),
    /// The answer is not what the operation promises; it is final.
    Malformed(Error),
}

/// What was known of an answer before its body failed.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) request_id: Option<String>,
}

/// What the service said of an error, and the headers, which tell its time.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: ServiceError,
    pub(super) headers: HeaderMap,
    /// The size of the body, unpacked.
    pub(super) bytes: usize,
}

/// What to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Give up, and report the failure as it is.
    Stop,
    /// Give up, and say that the write may have been carried out.
    StopUnknown,
    /// Wait, then try again.
    Again {
        is_throttled: bool,
        hint: Option<Duration>,
    },
    /// Have the credentials replaced, then try again at once.
    AgainWithNewCredentials,
    /// Learn the service's time, then try again at once.
    AgainWithNewClock,
}

impl Next {
    /// Says whether the attempt comes on top of those that the caller allowed: it happens once in the life of the
    /// client or the credentials, and the service has refused the one before.
    pub(super) fn is_free(self) -> bool {
        matches!(
            self,
            Self::AgainWithNewCredentials | Self::AgainWithNewClock
        )
    }
}

/// What the call's past and its operation allow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Circumstances {
    pub(super) is_idempotent: bool,
    /// The request holds the parameter that keeps a repeat from a second effect.
    pub(super) is_guarded: bool,
    pub(super) are_credentials_temporary: bool,
    pub(super) were_credentials_replaced: bool,
    pub(super) was_clock_corrected: bool,
}

/// Decides what follows a failure.
pub(super) fn decide(failure: &Failure, circumstances: Circumstances) -> Next {
    const AGAIN: Next = Next::Again {
        is_throttled: false,
        hint: None,
    };
    let repeat_or_unknown = if circumstances.is_idempotent || circumstances.is_guarded {
        AGAIN
    } else {
        Next::StopUnknown
    };
    match failure {
        Failure::Local(_) | Failure::Malformed(_) => Next::Stop,
        Failure::Transport(error) => match error.kind() {
            TransportErrorKind::Request | TransportErrorKind::Tls => Next::Stop,
            TransportErrorKind::Connect | TransportErrorKind::ConnectTimeout => AGAIN,
            TransportErrorKind::Interrupted => repeat_or_unknown,
        },
        Failure::TimedOut(..) | Failure::Stalled(..) | Failure::BrokenAnswer(..) => {
            repeat_or_unknown
        }
        Failure::Service(refusal) => {
            after_service_error(&refusal.error, circumstances, repeat_or_unknown)
        }
    }
}

fn after_service_error(
    error: &ServiceError,
    circumstances: Circumstances,
    repeat_or_unknown: Next,
) -> Next {
    let code = error.code.as_str();
    if error.is_throttling() {
        return Next::Again {
            is_throttled: true,
            hint: error.retry_after,
        };
    }
    if code == "InvalidTimeStamp.Expired" || code == "IllegalTimestamp" {
        return if circumstances.was_clock_corrected {
            Next::Stop
        } else {
            Next::AgainWithNewClock
        };
    }
    let is_refused_session = error.is_expired_credentials()
        || (code.starts_with("InvalidAccessKeyId") && circumstances.are_credentials_temporary);
    if is_refused_session {
        return if circumstances.were_credentials_replaced {
            Next::Stop
        } else {
            Next::AgainWithNewCredentials
        };
    }
    // An earlier attempt with this nonce reached the service, by a resend below us.
    if code == "SignatureNonceUsed" || error.status >= 500 {
        return match repeat_or_unknown {
            Next::Again { is_throttled, .. } => Next::Again {
                is_throttled,
                hint: error.retry_after,
            },
            stop => stop,
        };
    }
    Next::Stop
}

impl From<Head> for ServiceError {
    fn from(head: Head) -> Self {
        Self {
            status: head.status,
            request_id: head.request_id,
            ..Self::default()
        }
    }
}

impl Failure {
    /// Returns the request id, if an answer had begun.
    pub(super) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Service(refusal) => refusal.error.request_id.as_deref(),
            Self::Malformed(error) => error.request_id(),
            _ => self.head()?.request_id.as_deref(),
        }
    }

    /// Returns the HTTP status, if an answer had begun.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Service(refusal) => Some(refusal.error.status),
            Self::Malformed(error) => error.status(),
            _ => self.head().map(|head| head.status),
        }
    }

    /// Returns what was read of the answer's body, unpacked, where it was read whole.
    pub(super) fn response_bytes(&self) -> usize {
        match self {
            Self::Service(refusal) => refusal.bytes,
            _ => 0,
        }
    }

    fn head(&self) -> Option<&Head> {
        match self {
            Self::BrokenAnswer(_, head)
            | Self::Stalled(_, Some(head))
            | Self::TimedOut(_, Some(head)) => Some(head),
            _ => None,
        }
    }

    /// Returns what the service reported, if it did.
    pub(super) fn service(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(refusal) => Some(&refusal.error),
            _ => None,
        }
    }

    pub(super) fn is_throttling(&self) -> bool {
        self.service().is_some_and(ServiceError::is_throttling)
    }

    /// Says whether the attempt may have been carried out although it failed.
    pub(super) fn is_fate_unknown(&self) -> bool {
        match self {
            Self::Local(_) | Self::Malformed(_) => false,
            Self::Transport(error) => error.may_have_reached_server(),
            Self::TimedOut(..) | Self::Stalled(..) | Self::BrokenAnswer(..) => true,
            Self::Service(refusal) => {
                refusal.error.status >= 500 || refusal.error.code == "SignatureNonceUsed"
            }
        }
    }

    /// Says whether the service refused because the same was asked for before.
    pub(super) fn is_duplicate(&self) -> bool {
        self.service().is_some_and(|error| {
            let code = error.code.to_ascii_lowercase();
            ["duplicat", "alreadyexist", "repeat", "existed"]
                .iter()
                .any(|word| code.contains(word))
        })
    }

    /// Makes the error that the caller gets.
    pub(super) fn into_error(self, next: Next) -> Error {
        let timed_out = |text: String, head: Option<Head>| {
            let error = Error::new(ErrorKind::Timeout, text);
            match head {
                Some(head) => error.with_service(head.into()),
                None => error,
            }
        };
        let error = match self {
            // A success that can't be read: the write was carried out.
            Self::Malformed(error) => return error,
            Self::Local(error) => error,
            Self::TimedOut(limit, None) => timed_out(format!("no answer within {limit:?}"), None),
            Self::TimedOut(limit, head) => {
                timed_out(format!("no whole answer within {limit:?}"), head)
            }
            Self::Stalled(stall, head) => timed_out(stall.to_string(), head),
            Self::BrokenAnswer(source, head) => {
                Error::new(ErrorKind::Interrupted, "the answer broke off")
                    .with_service(head.into())
                    .with_source(source)
            }
            Self::Service(refusal) => Error::service(refusal.error),
            Self::Transport(error) => {
                let kind = match error.kind() {
                    TransportErrorKind::Request => ErrorKind::InvalidInput,
                    TransportErrorKind::Connect | TransportErrorKind::ConnectTimeout => {
                        ErrorKind::Connect
                    }
                    TransportErrorKind::Tls => ErrorKind::Tls,
                    TransportErrorKind::Interrupted => ErrorKind::Interrupted,
                };
                Error::new(kind, error.to_string()).with_source(error)
            }
        };
        if next == Next::StopUnknown {
            error.with_kind(ErrorKind::OutcomeUnknown)
        } else {
            error
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Circumstances = Circumstances {
        is_idempotent: false,
        is_guarded: false,
        are_credentials_temporary: true,
        were_credentials_replaced: false,
        was_clock_corrected: false,
    };
    const READ: Circumstances = Circumstances {
        is_idempotent: true,
        ..WRITE
    };

    fn service(status: u16, code: &str) -> Failure {
        let error = ServiceError {
            status,
            code: code.to_owned(),
            ..ServiceError::default()
        };
        Failure::Service(Box::new(Refusal {
            error,
            headers: HeaderMap::new(),
            bytes: 0,
        }))
    }

    fn broken() -> Failure {
        Failure::Transport(TransportError::new(
            TransportErrorKind::Interrupted,
            "reset",
        ))
    }

    #[test]
    fn a_write_is_sent_again_only_if_nothing_of_it_can_have_been_done() {
        let unreached =
            Failure::Transport(TransportError::new(TransportErrorKind::Connect, "refused"));
        assert!(matches!(decide(&unreached, WRITE), Next::Again { .. }));
        assert!(matches!(
            decide(&service(400, "Throttling.User"), WRITE),
            Next::Again {
                is_throttled: true,
                ..
            }
        ));
        for failure in [
            broken(),
            service(500, "InternalError"),
            service(400, "SignatureNonceUsed"),
        ] {
            assert_eq!(decide(&failure, WRITE), Next::StopUnknown, "{failure:?}");
            assert!(
                matches!(decide(&failure, READ), Next::Again { .. }),
                "{failure:?}"
            );
        }
    }

    #[test]
    fn a_certificate_that_is_not_valid_is_not_tried_again() {
        let untrusted = Failure::Transport(TransportError::new(TransportErrorKind::Tls, "expired"));
        assert_eq!(decide(&untrusted, READ), Next::Stop);
        assert!(!untrusted.is_fate_unknown());
    }

    #[test]
    fn a_refusal_is_final() {
        for code in [
            "SignatureDoesNotMatch",
            "Forbidden",
            "InvalidVideo.NotFound",
        ] {
            assert_eq!(decide(&service(400, code), READ), Next::Stop, "{code}");
        }
    }

    #[test]
    fn expired_credentials_are_replaced_once() {
        let expired = service(400, "InvalidSecurityToken.Expired");
        assert_eq!(decide(&expired, WRITE), Next::AgainWithNewCredentials);
        assert_eq!(
            decide(
                &expired,
                Circumstances {
                    were_credentials_replaced: true,
                    ..WRITE
                }
            ),
            Next::Stop
        );
        let permanent = Circumstances {
            are_credentials_temporary: false,
            ..WRITE
        };
        assert_eq!(
            decide(&service(404, "InvalidAccessKeyId.NotFound"), permanent),
            Next::Stop
        );
    }

    #[test]
    fn the_clock_is_corrected_once_and_only_after_an_error_about_time() {
        let late = service(400, "InvalidTimeStamp.Expired");
        assert_eq!(decide(&late, WRITE), Next::AgainWithNewClock);
        assert_eq!(
            decide(
                &late,
                Circumstances {
                    was_clock_corrected: true,
                    ..WRITE
                }
            ),
            Next::Stop
        );
        assert_eq!(
            decide(&service(400, "SignatureDoesNotMatch"), WRITE),
            Next::Stop
        );
    }

    #[test]
    fn a_guarded_write_is_repeated_like_a_read() {
        let guarded = Circumstances {
            is_guarded: true,
            ..WRITE
        };
        assert!(matches!(decide(&broken(), guarded), Next::Again { .. }));
    }

    #[test]
    fn a_write_that_may_have_been_done_is_reported_as_unknown() {
        let error = broken().into_error(Next::StopUnknown);
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
        assert!(
            error.to_string().contains("may have been carried out"),
            "{error}"
        );
        assert!(!error.is_retryable());
    }
}
