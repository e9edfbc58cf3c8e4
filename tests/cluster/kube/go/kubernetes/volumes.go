package main

import (
	"log"
	"os"

	"github.com/fsnotify/fsnotify"
)

// openVolumes lets every user write to the volumes that the host-path provisioner makes in the folder.
// It makes them for root alone, and kubelet applies no fsGroup to this kind, so no notebook could use one.
func openVolumes(folder string) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		log.Fatal(err)
	}
	if err := watcher.Add(folder); err != nil {
		log.Fatal(err)
	}
	go func() {
		for event := range watcher.Events {
			if event.Has(fsnotify.Create) {
				if err := os.Chmod(event.Name, 0o777); err != nil {
					log.Print(err)
				}
			}
		}
	}()
}
