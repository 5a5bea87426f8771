package local

// Version is the release that clients are told.
const Version = "0.1.0"
