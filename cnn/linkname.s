// Without an assembly file, Go's compiler wants a body for each function. See
// xlaCustomCall.
