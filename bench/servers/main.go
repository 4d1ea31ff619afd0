package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// FileServer sets no ETag by itself: the 304 is by date.
func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("PORT=%d\n", listener.Addr().(*net.TCPAddr).Port)
	root := os.Args[1]
	panic(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(root, filepath.Clean(r.URL.Path)))
	})))
}
