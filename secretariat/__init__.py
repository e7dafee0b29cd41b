"""An event-driven workflow engine for handing secretariat functions over."""
