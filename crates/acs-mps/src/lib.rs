//! Alibaba Cloud ApsaraVideo Media Processing, MPS (2014-06-18): every operation, typed.
